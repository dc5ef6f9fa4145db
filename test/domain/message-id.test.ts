import { describe, expect, it } from 'vitest';
import { isUuid, messageIdOf, messageKey, newMessageId } from '../../domain/message-id.ts';

const UUIDS = [
  '018f3c2e-7b1a-7c3d-9e4f-0123456789ab',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
];
const FOREIGN_IDS = [
  '018F3C2E-7B1A-7C3D-9E4F-0123456789AB',
  '018f3c2e7b1a7c3d9e4f0123456789ab',
  '{018f3c2e-7b1a-7c3d-9e4f-0123456789ab}',
  'wamid.HBgNNTUxMTk5OTk5OTk5ORUCABIYFDNBQzg=',
  '1',
  "o'brien -- 😀",
  'x'.repeat(128),
];

describe('messageKey', () => {
  it.each(UUIDS)('is the bytes of %s themselves', (uuid) => {
    expect(isUuid(uuid)).toBe(true);
    expect(messageKey(uuid).toString('hex')).toBe(uuid.replaceAll('-', ''));
  });

  it.each(FOREIGN_IDS)('is a UUID of version 8 for %s', (id) => {
    const key = messageKey(id);
    expect(isUuid(id)).toBe(false);
    expect(messageIdOf(key, null)).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it('is the same for the same id, and another for every other', () => {
    const ids = [...UUIDS, ...FOREIGN_IDS, ...Array.from({ length: 2_000 }, (_, at) => `id-${at}`)];
    const keys = new Set(ids.map((id) => messageKey(id).toString('hex')));
    expect(keys.size).toBe(ids.length);
    for (const id of ids) expect(messageKey(id)).toEqual(messageKey(id));
  });

  it('stays as it was, since stored Messages are found by it', () => {
    expect(messageKey('wamid.1').toString('hex')).toBe('da2f7f8d617184b3bc6bbbfa87c9126b');
  });
});

describe('messageIdOf', () => {
  it.each(UUIDS)('gives %s back from its bytes', (uuid) => {
    expect(messageIdOf(messageKey(uuid), null)).toBe(uuid);
  });

  it.each(FOREIGN_IDS)('gives %s back letter for letter, from what is kept beside', (id) => {
    expect(messageIdOf(messageKey(id), id)).toBe(id);
  });
});

describe('newMessageId', () => {
  it('is a lower-case UUID of version 7 that grows with time', () => {
    const ids = Array.from({ length: 1_000 }, newMessageId);
    expect(ids.every(isUuid)).toBe(true);
    expect(ids.every((id) => id[14] === '7')).toBe(true);
    const times = ids.map((id) => id.slice(0, 13));
    expect(times.toSorted()).toEqual(times);
    expect(new Set(ids).size).toBe(1_000);
  });
});
