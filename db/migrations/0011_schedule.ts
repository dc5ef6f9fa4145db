import { type Kysely, sql } from 'kysely';

/** What recurs by itself: when each entry of the schedule last ran, and what became of it. */
export async function up(db: Kysely<never>): Promise<void> {
  // settled_at   What was due until then needs no run any more.
  // due_at       Of the run that started last; it tells this run from others.
  // runner       Whose run it is: only they may go on with it and end it.
  // lease_until  Until then it counts as running, whatever became of its process.
  await sql`
    create table schedule_runs (
      name varchar(64) not null primary key,
      is_paused tinyint unsigned not null default 0,
      settled_at datetime(3) not null,
      due_at datetime(3) null,
      started_at datetime(3) null,
      ended_at datetime(3) null,
      done_at datetime(3) null,
      outcome varchar(16) null,
      reason varchar(512) null,
      runner char(36) null,
      lease_until datetime(3) null,
      runs_total bigint unsigned not null default 0,
      skipped_total bigint unsigned not null default 0
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}
