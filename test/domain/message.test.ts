import { describe, expect, it } from 'vitest';
import { instantOf } from '../../domain/instant.ts';
import { checkMessage, checkNewMessage, type Message, ROLES } from '../../domain/message.ts';
import { isUuid } from '../../domain/message-id.ts';
import { aMessage } from '../house.ts';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const HOUR_MS = 60 * 60 * 1000;
const IDS = ['companyId', 'clientId', 'conversationId', 'messageId'] as const;

const check = (given: object) => checkMessage({ ...aMessage(), ...given }, NOW);
const accepted = (given: object) =>
  check(given).message ?? expect.fail(JSON.stringify(check(given)));
const faultOf = (given: object) => check(given).fault;

describe('a Message', () => {
  it('is taken as it is', () => {
    const message = aMessage({ metadata: { channel: 'whatsapp', tries: [1, null, 'a'] } });
    expect(checkMessage(message, NOW)).toEqual({ message, fault: null });
  });

  it.each(Object.keys(aMessage()))('is refused without its %s', (field) => {
    const { [field as keyof Message]: _, ...rest } = aMessage();
    expect(checkMessage(rest, NOW).fault?.field).toBe(field);
  });

  it.each([null, undefined, 1, 'text', true, [aMessage()], () => aMessage()])(
    'is refused when it is %s',
    (input) => expect(checkMessage(input, NOW).fault?.field).toBe('message'),
  );

  it.each(['text', 'tier', '__proto__', 'constructor'])('is refused with a field %s', (field) => {
    const input: unknown = JSON.parse(`{"${field}":1,${JSON.stringify(aMessage()).slice(1)}`);
    expect(checkMessage(input, NOW).fault).toEqual({
      field,
      reason: 'is not a field of a message; put it into metadata',
    });
  });
});

describe.each(IDS)('the %s of a Message', (field) => {
  const lengthMax = field === 'messageId' ? 128 : 64;

  it(`has at most ${lengthMax} characters`, () => {
    const longest = 'ç'.repeat(lengthMax);
    expect(accepted({ [field]: longest })[field]).toBe(longest);
    expect(faultOf({ [field]: `${longest}ç` })).toEqual({
      field,
      reason: `must have at most ${lengthMax} characters`,
    });
    expect(faultOf({ [field]: '' })).toEqual({ field, reason: 'must not be empty' });
  });

  it.each(['a', 'A b', "o'brien", '😀', '0', '../..', 'a:b', '\u200ba', 'e\u0301', 'مرحبا'])(
    'is kept letter for letter: %s',
    (id) => expect(accepted({ [field]: id })[field]).toBe(id),
  );

  it.each([
    ['a blank before', ' a'],
    ['a blank after', 'a '],
    ['only blanks', '   '],
    ['a no-break space after', 'a\u00a0'],
    ['a byte order mark before', '\ufeffa'],
    ['a line break after', 'a\n'],
    ['a line break inside', 'a\nb'],
    ['a NUL', 'a\0b'],
    ['an escape', 'a\u001bb'],
    ['a control character of Latin-1', 'a\u0085b'],
    ['the first half of a surrogate pair', 'a\ud83d'],
    ['the second half of a surrogate pair', '\udce6a'],
  ])('is refused with %s', (_what, id) => {
    expect(faultOf({ [field]: id })).toEqual({
      field,
      reason: 'must have no blanks around it, no control characters and no half surrogate pairs',
    });
  });

  it.each([null, 42, ['a'], { id: 'a' }])('is refused when it is no string: %j', (id) => {
    expect(faultOf({ [field]: id })).toEqual({ field, reason: 'must be a string' });
  });
});

describe('the role of a Message', () => {
  it.each(ROLES)('may be %s', (role) => expect(accepted({ role }).role).toBe(role));

  it.each(['assistant', 'User', '', null, 0])('may not be %j', (role) => {
    const reason = 'must be one of user, bot, agent, system';
    expect(faultOf({ role })).toEqual({ field: 'role', reason });
  });
});

describe('the content of a Message', () => {
  const KIB_64 = 64 * 1024;

  it.each(['', ' ', '\0', 'a\0b\u001b[31m\r\n', '\ufeff', '👩‍👩‍👧 e\u0301 مرحبا'])(
    'may be any text: %j',
    (content) => expect(accepted({ content }).content).toBe(content),
  );

  it.each([
    ['one byte', 'a', 1],
    ['two bytes', 'ç', 2],
    ['three bytes', '字', 3],
    ['four bytes', '😀', 4],
  ])('may hold 64 KiB of letters of %s, and not one byte more', (_what, letter, bytes) => {
    const full = letter.repeat(Math.floor(KIB_64 / bytes)) + 'a'.repeat(KIB_64 % bytes);
    expect(Buffer.byteLength(full)).toBe(KIB_64);
    expect(accepted({ content: full }).content).toBe(full);
    expect(faultOf({ content: `${full}a` })).toEqual({
      field: 'content',
      reason: 'is longer than 65536 bytes in UTF-8; split it into several messages',
    });
  });

  it.each(['\ud83d', '\udce6', 'a\udce6\ud83db'])(
    'is refused with half an emoji: %j',
    (content) => {
      expect(faultOf({ content })).toEqual({
        field: 'content',
        reason: 'holds half a surrogate pair; send whole Unicode characters',
      });
    },
  );

  it.each([null, 1, ['a'], Buffer.from('a')])('is refused when it is no string: %j', (content) => {
    expect(faultOf({ content })).toEqual({ field: 'content', reason: 'must be a string' });
  });
});

describe('the createdAt of a Message', () => {
  it('is brought into canonical form', () => {
    expect(accepted({ createdAt: '2026-03-01T08:59:59.9999-03:00' }).createdAt).toBe(
      '2026-03-01T11:59:59.999Z',
    );
  });

  it('may lie an hour in the future, for the clocks of others, and not a millisecond more', () => {
    const latest = instantOf(NOW + HOUR_MS);
    expect(accepted({ createdAt: latest }).createdAt).toBe(latest);
    expect(faultOf({ createdAt: instantOf(NOW + HOUR_MS + 1) })).toEqual({
      field: 'createdAt',
      reason: 'lies more than 60 minutes in the future; check the clock',
    });
  });

  it('may be as old as 1970, and not a millisecond older', () => {
    expect(accepted({ createdAt: instantOf(0) }).createdAt).toBe('1970-01-01T00:00:00.000Z');
    expect(faultOf({ createdAt: instantOf(-1) })).toEqual({
      field: 'createdAt',
      reason: 'lies before 1970; check the clock',
    });
  });

  it.each(['2026-02-30T00:00:00.000Z', '2026-03-01 11:00:00', 'now', ''])(
    'is not %j',
    (createdAt) => {
      expect(faultOf({ createdAt })).toEqual({
        field: 'createdAt',
        reason: 'must be an ISO 8601 date and time with offset, like 2026-01-31T12:00:00.000Z',
      });
    },
  );

  it.each([NOW, null, new Date(NOW)])('is refused when it is no string: %j', (createdAt) => {
    expect(faultOf({ createdAt })).toEqual({ field: 'createdAt', reason: 'must be a string' });
  });
});

describe('the metadata of a Message', () => {
  it.each(['a', 'ç', '😀'])('may take 16 KiB as JSON, and not one byte more, of %s', (letter) => {
    expect(accepted({ metadata: ofBytes(16_384, letter) }).metadata).toBeDefined();
    expect(faultOf({ metadata: ofBytes(16_385, letter) })).toEqual({
      field: 'metadata',
      reason: 'is longer than 16384 bytes as JSON; keep large data elsewhere',
    });
  });

  it('is refused when JSON would make something else of it', () => {
    for (const metadata of [new Date(0), new Map([['a', 1]])]) {
      expect(faultOf({ metadata })).toEqual({ field: 'metadata', reason: 'must be a JSON object' });
    }
  });

  it.each([null, [], 'a', 1, true])('is refused when it is %j', (metadata) => {
    expect(faultOf({ metadata })).toEqual({ field: 'metadata', reason: 'must be a JSON object' });
  });

  it('is refused when it cannot be written as JSON', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    for (const metadata of [circle, { big: 1n }, { toJSON: () => undefined }]) {
      expect(faultOf({ metadata })?.reason).toContain('cannot be written as JSON');
    }
  });

  it('may have any keys', () => {
    const metadata: unknown = JSON.parse('{"__proto__":{"admin":true},"":0,"a.b":1,"$where":2}');
    expect(JSON.stringify(accepted({ metadata }).metadata)).toBe(JSON.stringify(metadata));
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('a new Message', () => {
  const { messageId: _, createdAt: __, ...given } = aMessage();

  it('gets an id of ours and the present moment', () => {
    const { message } = checkNewMessage(given, NOW);
    expect(message).toEqual({
      ...given,
      messageId: expect.any(String),
      createdAt: instantOf(NOW),
    });
    expect(isUuid(message?.messageId ?? '')).toBe(true);
  });

  it('keeps the id and the moment it comes with', () => {
    const own = { ...given, messageId: 'wamid.1', createdAt: '2026-02-28T23:00:00-02:00' };
    expect(checkNewMessage(own, NOW).message).toEqual({
      ...own,
      createdAt: '2026-03-01T01:00:00.000Z',
    });
  });

  it('may tell its moment as a Date', () => {
    const { message } = checkNewMessage({ ...given, createdAt: new Date(NOW - 1) }, NOW);
    expect(message?.createdAt).toBe('2026-03-01T11:59:59.999Z');
  });

  it.each([new Date(NaN), null, 0, 'today'])('is refused with the moment %j', (createdAt) => {
    expect(checkNewMessage({ ...given, createdAt }, NOW).fault?.field).toBe('createdAt');
  });

  it.each([null, '', 7])('is refused with the id %j, not given another', (messageId) => {
    expect(checkNewMessage({ ...given, messageId }, NOW).fault?.field).toBe('messageId');
  });

  it('is checked as all others are', () => {
    expect(checkNewMessage({ ...given, content: 5 }, NOW).fault?.field).toBe('content');
    expect(checkNewMessage(null, NOW).fault?.field).toBe('message');
  });
});

/** A JSON object that takes exactly so many bytes. */
function ofBytes(bytes: number, letter: string) {
  const rest = bytes - Buffer.byteLength('{"a":""}');
  const letters = letter.repeat(Math.floor(rest / Buffer.byteLength(letter)));
  return { a: letters + 'a'.repeat(rest - Buffer.byteLength(letters)) };
}
