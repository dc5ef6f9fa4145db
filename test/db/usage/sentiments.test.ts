import { CompiledQuery, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSentiments, sentimentsQuery } from '../../../db/usage/sentiments.ts';
import { openTestHouse, type TestHouse } from '../../house.ts';

const LABELS = ['negative', 'neutral', 'positive', 'positive'];

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house?.close());

/** Red with the key as it was before its last migration. */
it('sentiments are counted from the index alone', async () => {
  await sql`
    insert into summaries (company_no, conversation_no, version, is_latest, made_at, model,
      prompt_version, up_to_at, up_to_message_id, message_count, duration_minutes, language,
      sentiment, sentiment_score, course, tags, key_points, summary, tokens_input, tokens_output,
      cost_micros)
    values ${sql.join(
      Array.from(
        { length: 400 },
        (_, nth) => sql`(${1 + (nth % 2)}, ${nth}, 1, 1, '2026-03-02', 'a-model', 3,
          timestampadd(hour, ${nth}, '2026-03-01'), 'm', 2, 1, 'pt', ${LABELS[nth % 4]}, 0, '[]',
          '[]', '[]', repeat('olá', 300), 1, 1, 1)`,
      ),
    )}`.execute(house.db);
  await sql`analyze table summaries`.execute(house.db);
  const wanted = { companyNo: 1, from: '2026-03-10 00:00:00.000' };
  const query = sentimentsQuery(wanted).compile(house.db);
  const explain = CompiledQuery.raw(`explain format=traditional ${query.sql}`, [
    ...query.parameters,
  ]);
  const { rows } = await house.db.executeQuery<{ key: string; Extra: string }>(explain);
  expect(rows[0]).toMatchObject({
    key: 'summaries_by_span',
    Extra: expect.stringMatching(/Using index(?! condition)/),
  });
  expect(await readSentiments(house.db, wanted)).toEqual({
    negative: 46,
    neutral: 0,
    positive: 46,
  });
});
