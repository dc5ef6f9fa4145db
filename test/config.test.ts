import { describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';

const NEEDED = {
  MYSQL_URL: 'mysql://camadas:secret@127.0.0.1:3306/camadas',
  QUEUE_REDIS_URL: 'redis://127.0.0.1:6379',
  CACHE_REDIS_URL: 'redis://127.0.0.1:6380',
};
const LLM_BASE_URL = 'http://127.0.0.1:11434/v1';
const LLM_MODEL = 'small';

describe('the language model', () => {
  it('is none unless it is configured', () => {
    expect(readConfig(NEEDED).llm).toBeNull();
  });

  it('needs an address and a name', () => {
    expect(readConfig({ ...NEEDED, LLM_BASE_URL, LLM_MODEL }).llm).toEqual({
      baseUrl: LLM_BASE_URL,
      model: LLM_MODEL,
      apiKey: null,
      timeoutMs: 60_000,
      tokensPerJobMax: 60_000,
      tokensPerCompanyDayMax: 2_000_000,
      priceInput: 0,
      priceOutput: 0,
    });
  });

  it.each([
    [{ LLM_BASE_URL }, 'LLM_MODEL'],
    [{ LLM_MODEL }, 'LLM_BASE_URL'],
    [{ LLM_API_KEY: 'sk-4711' }, 'LLM_BASE_URL'],
    [{ LLM_MODEL, LLM_BASE_URL: 'localhost:11434' }, 'LLM_BASE_URL'],
    [{ LLM_MODEL, LLM_BASE_URL: 'https://me:sk-4711@example.com/v1' }, 'LLM_BASE_URL'],
    [{ LLM_BASE_URL, LLM_MODEL: 'm'.repeat(129) }, 'LLM_MODEL'],
    [{ LLM_TOKENS_PER_JOB_MAX: '29999' }, 'LLM_TOKENS_PER_JOB_MAX'],
    [{ LLM_TOKENS_PER_COMPANY_DAY_MAX: '59999' }, 'LLM_TOKENS_PER_COMPANY_DAY_MAX'],
    [{ LLM_TIMEOUT_SECONDS: '301' }, 'LLM_TIMEOUT_SECONDS'],
    [{ LLM_PRICE_INPUT: '-1' }, 'LLM_PRICE_INPUT'],
  ])('%j is refused, naming %s and no key', (env, name) => {
    const read = () => readConfig({ ...NEEDED, ...env });
    expect(read).toThrow(`→ at ${name}`);
    expect(read).not.toThrow('sk-4711');
  });
});

describe('ARCHIVE_URL', () => {
  it.each([
    'file:///srv/camadas/archive',
    's3://bucket/prefix?endpoint=http://127.0.0.1:7070&region=us-east-1',
    's3://bucket?storage-class=GLACIER_IR&encryption=aws:kms&kms-key=arn:aws:kms:sa-east-1:1:key/a',
  ])('may be %s', (ARCHIVE_URL) => {
    expect(readConfig({ ...NEEDED, ARCHIVE_URL }).archiveUrl).toBe(ARCHIVE_URL);
  });

  it.each([
    ['/srv/camadas', 'must be file:///folder or s3://bucket'],
    ['s3://bucket?storage_class=STANDARD_IA', 'an unknown parameter storage_class; there are endp'],
    ['file:///srv/camadas?region=eu', 'an unknown parameter region; a folder has none'],
    ['s3://bucket?storage-class=GLACIER', 'read at once, such as GLACIER_IR, not GLACIER'],
    ['s3://bucket?storage-class=deep_archive', 'read at once, such as GLACIER_IR, not deep_arc'],
  ])('is refused as %s, with what is wrong', (ARCHIVE_URL, sentence) => {
    const read = () => readConfig({ ...NEEDED, ARCHIVE_URL });
    expect(read).toThrow(sentence);
    expect(read).toThrow('→ at ARCHIVE_URL');
  });
});

describe('TIME_ZONE', () => {
  it.each(['UTC', 'America/Sao_Paulo', 'Europe/Berlin'])('may be %s', (name) => {
    expect(readConfig({ ...NEEDED, TIME_ZONE: name }).timeZone).toBe(name);
  });

  it.each(['Mars/Olympus', '+02:00', '', '2'])(
    'is refused as %j, with what it should be',
    (name) => {
      expect(() => readConfig({ ...NEEDED, TIME_ZONE: name })).toThrow(
        /must be the name of a time zone, like UTC or America\/Sao_Paulo\s+→ at TIME_ZONE/,
      );
    },
  );

  it('is UTC unless somebody says otherwise', () => {
    expect(readConfig(NEEDED).timeZone).toBe('UTC');
  });
});
