import { type Kysely, sql } from 'kysely';

/**
 * The move from hot to warm, inside MySQL: no Message crosses the wire, and a DBA has the very same
 * one as the Fleet. Procedures, so that there is one implementation for both.
 */
export async function up(db: Kysely<never>): Promise<void> {
  await sql.raw(ARCHIVE_HOT_BATCH).execute(db);
  await sql.raw(ARCHIVE_OLD_MESSAGES).execute(db);
}

/** The Messages at hand: one range of the clustered index, so nothing besides is locked. */
const WITHIN = `hot.company_no = the_company and hot.conversation_no >= from_conversation
      and hot.conversation_no < to_conversation and hot.created_at < to_moment`;
const SLICE = `from messages_hot as hot force index (primary)
    where ${WITHIN}`;

/**
 * Moves Messages of a Company older than a moment, about `rows_max` of them, in one transaction:
 * copy, read back and compare, record, delete (P6). Conversation by Conversation: in the order of
 * the clustered key warm's pages stay full, and take 89 bytes a Message instead of 121.
 */
const ARCHIVE_HOT_BATCH = `
create procedure ArchiveHotBatch(
  in the_company int unsigned, in before_moment datetime(3), in rows_max int unsigned,
  inout from_conversation int unsigned, out moved int unsigned)
sql security invoker
comment 'Moves messages of a company from hot to warm, about rows_max; goes on at from_conversation'
begin
  declare to_conversation bigint unsigned default null;
  declare to_moment datetime(3) default null;
  declare compared int unsigned;
  declare exit handler for sqlexception begin rollback; resignal; end;

  -- Every statement sees what is committed when it starts, and what is copied locks nobody out.
  set transaction isolation level read committed;
  start transaction;
  -- Whoever stores a message this old waits here, and then knows that it belongs below.
  update companies set hot_since = greatest(coalesce(hot_since, before_moment), before_moment)
    where company_no = the_company;

  set from_conversation = (select hot.conversation_no from messages_hot as hot force index (primary)
    where hot.company_no = the_company and hot.conversation_no >= from_conversation
      and hot.created_at < before_moment
    order by hot.conversation_no limit 1);
  if from_conversation is null then
    set moved = 0;
  else
    -- The first row that is too many ends the batch: before its conversation, or else within it.
    begin
      declare continue handler for not found begin end;
      select hot.conversation_no, hot.created_at into to_conversation, to_moment
        from messages_hot as hot force index (primary)
        where hot.company_no = the_company and hot.conversation_no >= from_conversation
          and hot.created_at < before_moment
        order by hot.conversation_no, hot.created_at limit 1 offset rows_max;
    end;
    if to_conversation = from_conversation then
      set to_conversation = from_conversation + 1;
      set to_moment = least(before_moment, to_moment + interval 1000 microsecond);
    else
      set to_conversation = coalesce(to_conversation, 4294967296);
      set to_moment = before_moment;
    end if;

    insert into messages_warm (company_no, conversation_no, created_at, message_id, client_no, role,
        external_id, content, metadata)
      select hot.company_no, hot.conversation_no, hot.created_at, hot.message_id, hot.client_no,
        hot.role, hot.external_id, hot.content, hot.metadata
      ${SLICE};

    set compared = (select count(*)
      from messages_hot as hot force index (primary)
      straight_join messages_warm as warm
        on warm.company_no = hot.company_no and warm.conversation_no = hot.conversation_no
        and warm.created_at = hot.created_at and warm.message_id = hot.message_id
      where ${WITHIN}
        and warm.client_no = hot.client_no and warm.role = hot.role
        and warm.external_id <=> hot.external_id and warm.content = hot.content
        and warm.metadata <=> hot.metadata
        -- To the collation, blanks at the end are nothing.
        and length(warm.content) = length(hot.content)
        and length(warm.external_id) <=> length(hot.external_id)
        and length(warm.metadata) <=> length(hot.metadata));

    insert ignore into warm_activity (company_no, bucket_no, conversation_no)
      select distinct hot.company_no, floor(to_seconds(hot.created_at) / 300), hot.conversation_no
      ${SLICE};
    insert ignore into conversation_guests (client_no, conversation_no)
      select distinct hot.client_no, hot.conversation_no
      from messages_hot as hot force index (primary)
      straight_join conversations as conversation
        on conversation.conversation_no = hot.conversation_no
      where ${WITHIN} and conversation.client_no <> hot.client_no;

    insert into ledger (company_no, day, slot, hot, warm)
      select hot.company_no, date(hot.created_at), 32, -count(*), count(*)
      ${SLICE}
      group by hot.company_no, date(hot.created_at)
      on duplicate key update hot = ledger.hot + values(hot), warm = ledger.warm + values(warm);

    delete hot ${SLICE};
    set moved = row_count();
    -- What was not found again, equal in every field, is still where it was: all is undone.
    if moved <> compared then
      signal sqlstate '45000'
        set message_text = 'camadas: what was read back from warm is not what was copied there';
    end if;
  end if;
  commit;
end`;

const ARCHIVE_OLD_MESSAGES = `
create procedure ArchiveOldMessages()
sql security invoker
comment 'Moves all messages from hot to warm that are older than hot_hours in tier_ages'
begin
  declare the_company, next_conversation, batch, total int unsigned;
  declare before_moment datetime(3);
  set the_company = 0, total = 0;
  companies: loop
    set the_company = (select min(company_no) from companies where company_no > the_company);
    if the_company is null then leave companies; end if;
    set before_moment = utc_timestamp(3) - interval (select hot_hours from tier_ages
      where company_no in (0, the_company) order by company_no desc limit 1) hour;
    set next_conversation = 0;
    batches: loop
      call ArchiveHotBatch(the_company, before_moment, 5000, next_conversation, batch);
      if batch = 0 then leave batches; end if;
      set total = total + batch;
    end loop;
  end loop;
  select total as moved;
end`;
