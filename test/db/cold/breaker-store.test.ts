import { describe, expect, it } from 'vitest';
import { openBreakerStore } from '../../../db/cold/breaker-store.ts';
import { coldUnreachable, objectMissing } from '../../../db/cold/faults.ts';
import { openFileStore } from '../../../db/cold/file-store.ts';
import { eventually } from '../../house.ts';

const RANGE = { from: 0, to: 1 };

const never = () => new Promise<never>(() => {});

/** A store that counts how often it is read, and never can be. */
function openFailing(fault: Error) {
  let reads = 0;
  const read = () => {
    reads += 1;
    return Promise.reject(fault);
  };
  return { store: { ...openFileStore('file:///nowhere'), read }, reads: () => reads };
}

describe('reads of a store that is away', () => {
  it('fail at once after the first one, and are tried again after a while', async () => {
    const fault = coldUnreachable('reading', new Error('it is away'));
    const { store, reads } = openFailing(fault);
    const breaker = openBreakerStore(store, { awayMs: 100 });

    for (let nth = 1; nth <= 3; nth += 1) {
      await expect(breaker.read('one', RANGE)).rejects.toBe(fault);
    }

    expect(reads()).toBe(1);
    const readAgain = async () => {
      await breaker.read('one', RANGE).catch(() => {});
      return reads();
    };
    await eventually(readAgain, (count) => count === 2);
  });

  it('go on where only one object is missing', async () => {
    const { store, reads } = openFailing(objectMissing('one'));
    const breaker = openBreakerStore(store);

    await expect(breaker.read('one', RANGE)).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
    await expect(breaker.read('two', RANGE)).rejects.toMatchObject({ code: 'OBJECT_MISSING' });

    expect(reads()).toBe(2);
  });

  it('are not waited for when it hangs, and neither is a look for an object', async () => {
    const store = { ...openFileStore('file:///nowhere'), read: never, head: never };
    const late = {
      code: 'COLD_UNREACHABLE',
      message: expect.stringContaining('Timeout') as string,
    };
    const open = () => openBreakerStore(store, { answerMsMax: 10 });

    await expect(open().read('one', RANGE)).rejects.toMatchObject(late);
    await expect(open().head('one')).rejects.toMatchObject(late);
  });

  it('have more time the more they read', async () => {
    const large = Promise.withResolvers<Uint8Array>();
    const read = (key: string) => (key === 'large' ? large.promise : never());
    const store = { ...openFileStore('file:///nowhere'), read };
    const breaker = openBreakerStore(store, { answerMsMax: 10 });

    const reading = breaker.read('large', { from: 0, to: 2 ** 30 });
    await expect(breaker.read('small', RANGE)).rejects.toMatchObject({ code: 'COLD_UNREACHABLE' });
    large.resolve(Uint8Array.of(1));

    expect(await reading).toEqual(Uint8Array.of(1));
  });
});
