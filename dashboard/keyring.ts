import { LRUCache } from 'lru-cache';
import { keyFault, readToken, type StoredApiKey, type Token } from '../domain/api-key.ts';
import { quoted } from '../domain/text.ts';
import { RequestFault, storeUnreachable } from './problem.ts';

export interface Keyring {
  /**
   * The key that came with a request.
   *
   * @param authorization The header as it came; undefined without one.
   * @throws RequestFault `UNAUTHENTICATED`, or `STORE_UNREACHABLE` for a key never seen before while
   *         MySQL is away. Keys seen lately go on working then.
   */
  open(authorization: string | undefined): StoredApiKey | Promise<StoredApiKey>;
  /** Writes down which keys were used. */
  close(): Promise<void>;
}

export interface KeyringOptions {
  find(keyId: string): Promise<StoredApiKey | null>;
  recordUse(usedAt: ReadonlyMap<string, number>): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** So long a revoked key may still be taken. */
const FRESH_MS = 5_000;
/** While MySQL is away nobody can revoke a key there: those known go on, for an hour at most. */
const STALE_MS_MAX = 60 * 60_000;
/** Longer than MySQL takes when it is well; after that, what is known is good enough. */
const LOOK_UP_MS_MAX = 250;
/** Of a key never seen before: nothing is known that would do. */
const FIRST_LOOK_UP_MS_MAX = 3_000;
const CLOSE_MS_MAX = 1_000;
const KEYS_MAX = 10_000;
const RECORD_USE_MS = 30_000;

interface Known {
  readonly key: StoredApiKey | null;
  readonly readAt: number;
}

/** A header that was admitted lately, and the key it stands for. */
interface Admitted {
  readonly key: StoredApiKey;
  readonly readAt: number;
}

/** Remembers keys, so that a request costs no query, and mostly not even a hash. */
export function openKeyring({ find, recordUse, now }: KeyringOptions): Keyring {
  const known = new LRUCache<string, Known>({ max: KEYS_MAX });
  const admitted = new LRUCache<string, Admitted>({ max: KEYS_MAX });
  const lookUps = new Map<string, Promise<Known>>();
  let usedAt = new Map<string, number>();
  /** Since the latest look-up came late or failed: then nobody whose key is known waits for one. */
  let isStoreAway = false;
  const timer = setInterval(() => void writeUse(), RECORD_USE_MS).unref();

  async function writeUse(): Promise<void> {
    const used = usedAt;
    usedAt = new Map();
    await recordUse(used).catch(() => {}); // To know when a key was used is worth no error.
  }

  function lookUp(keyId: string): Promise<Known> {
    const running = lookUps.get(keyId);
    if (running) return running;
    const lookingUp = find(keyId)
      .then((key) => {
        const found = { key, readAt: now() };
        known.set(keyId, found);
        isStoreAway = false;
        return found;
      })
      .catch((error: unknown) => {
        isStoreAway = true;
        throw error;
      })
      .finally(() => lookUps.delete(keyId));
    lookingUp.catch(() => {}); // If it fails late, nobody is waiting any more.
    lookUps.set(keyId, lookingUp);
    return lookingUp;
  }

  async function refresh(token: Token, stale: Known | undefined): Promise<StoredApiKey> {
    const usable = stale && now() - stale.readAt < STALE_MS_MAX ? stale : null;
    const looking = lookUp(token.keyId);
    if (usable && isStoreAway) return admit(usable, token);
    try {
      const found = await within(usable ? LOOK_UP_MS_MAX : FIRST_LOOK_UP_MS_MAX, looking);
      return admit(found, token);
    } catch (error) {
      if (error instanceof RequestFault) throw error;
      isStoreAway = true;
      if (usable) return admit(usable, token);
      throw storeUnreachable(error);
    }
  }

  function admit({ key }: Known, token: Token): StoredApiKey {
    const time = now();
    const fault = keyFault(key, token, time);
    if (fault !== null || !key) throw unauthenticated(SENTENCES[fault ?? 'unknown']);
    usedAt.set(key.keyId, time);
    return key;
  }

  /** The same header again: it was the right secret then, so only time can have changed. */
  function openAgain(authorization: string): StoredApiKey | null {
    const before = admitted.get(authorization);
    if (!before) return null;
    const time = now();
    const { key, readAt } = before;
    const isOver = key.expiresAt !== null && Date.parse(key.expiresAt) <= time;
    if (isOver || time - readAt >= FRESH_MS) return null;
    usedAt.set(key.keyId, time);
    return key;
  }

  function openAnew(authorization: string): StoredApiKey | Promise<StoredApiKey> {
    const token = tokenOf(authorization);
    const remembered = known.get(token.keyId);
    if (!remembered || now() - remembered.readAt >= FRESH_MS) return refresh(token, remembered);
    const key = admit(remembered, token);
    admitted.set(authorization, { key, readAt: remembered.readAt });
    return key;
  }

  return {
    open(authorization) {
      if (authorization === undefined) throw unauthenticated(MISSING);
      return openAgain(authorization) ?? openAnew(authorization);
    },
    async close() {
      clearInterval(timer);
      await within(CLOSE_MS_MAX, writeUse()).catch(() => {}); // MySQL may hang.
    },
  };
}

/** @throws Error If the promise has not settled in time; it goes on unobserved. */
async function within<Result>(timeoutMs: number, promise: Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function tokenOf(authorization: string): Token {
  const [scheme = '', text = ''] = authorization.split(' ');
  if (scheme.toLowerCase() !== 'bearer') {
    throw unauthenticated(`authorization: ${quoted(scheme, 20)} is not Bearer; ${MISSING}`);
  }
  const token = readToken(text);
  if (!token) throw unauthenticated(SENTENCES.unknown);
  return token;
}

const MISSING =
  'send an API key as "Authorization: Bearer cam_…"; ./scripts.sh keys create makes one';
const SENTENCES = {
  unknown: 'authorization: is not an API key of ours; check that it was copied whole',
  revoked: 'authorization: this API key was revoked; ask for another one',
  expired: 'authorization: this API key has expired; ask for another one',
};

const unauthenticated = (sentence: string) =>
  new RequestFault('UNAUTHENTICATED', sentence, { headers: { 'www-authenticate': 'Bearer' } });
