import { describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';

const needed = {
  MYSQL_URL: 'mysql://user@db.example/camadas',
  QUEUE_REDIS_URL: 'redis://queue.example',
  CACHE_REDIS_URL: 'redis://cache.example',
};

describe('TIME_ZONE', () => {
  it.each(['UTC', 'America/Sao_Paulo', 'Europe/Berlin'])('may be %s', (name) => {
    expect(readConfig({ ...needed, TIME_ZONE: name }).timeZone).toBe(name);
  });

  it.each(['Mars/Olympus', '+02:00', '', '2'])(
    'is refused as %j, with what it should be',
    (name) => {
      expect(() => readConfig({ ...needed, TIME_ZONE: name })).toThrow(
        /must be the name of a time zone, like UTC or America\/Sao_Paulo\s+→ at TIME_ZONE/,
      );
    },
  );

  it('is UTC unless somebody says otherwise', () => {
    expect(readConfig(needed).timeZone).toBe('UTC');
  });
});
