import { type Kysely, sql } from 'kysely';

/** A DBA's `CALL` leaves room to others as the Fleet does: no larger batches, and a rest after each. */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`drop procedure if exists ArchiveOldMessages`.execute(db);
  await sql.raw(ARCHIVE_OLD_MESSAGES).execute(db);
}

/** As `moveToWarm` and `breathe`, but it sees neither who waits for locks nor how far replicas are behind. */
const ARCHIVE_OLD_MESSAGES = `
create procedure ArchiveOldMessages()
sql security invoker
comment 'Moves all messages from hot to warm that are older than hot_hours in tier_ages'
begin
  declare the_company, next_conversation, batch, total int unsigned;
  declare before_moment datetime(3);
  declare started_at datetime(6);
  declare was_killed int;
  set the_company = 0, total = 0;
  companies: loop
    set the_company = (select min(company_no) from companies where company_no > the_company);
    if the_company is null then leave companies; end if;
    set before_moment = utc_timestamp(3) - interval (select hot_hours from tier_ages
      where company_no in (0, the_company) order by company_no desc limit 1) hour;
    set next_conversation = 0;
    batches: loop
      set started_at = sysdate(6);
      call ArchiveHotBatch(the_company, before_moment, 2000, next_conversation, batch);
      if batch = 0 then leave batches; end if;
      set total = total + batch;
      -- As long as it took; the clock may be set meanwhile. KILL QUERY ends a rest, and no more by itself.
      select sleep(greatest(0, least(10,
        timestampdiff(microsecond, started_at, sysdate(6)) / 1000000))) into was_killed;
      if was_killed then leave companies; end if;
    end loop;
  end loop;
  select total as moved;
end`;
