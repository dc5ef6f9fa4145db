import type { Config } from '../../config.ts';
import { type Scope, SCOPES } from '../../domain/api-key.ts';
import { openTestHouse } from '../house.ts';
import { type Caller, openCaller } from './caller.ts';

export const COMPANY = 'padaria';
export type HttpHouse = Awaited<ReturnType<typeof openHttpHouse>>;

/** An installation with a Fleet and an HTTP process, and callers with keys of `COMPANY`. */
export async function openHttpHouse(
  overrides: Partial<Config> = {},
  env: Record<string, string> = {},
) {
  const house = await openTestHouse(env);
  const callers: Caller[] = [];
  await house.runFleet();
  const { url } = await house.openDashboard(overrides);

  async function tokenFor(scopes: readonly Scope[] = SCOPES, companyId = COMPANY): Promise<string> {
    const wish = { companyId, scopes, label: '', expiresAt: null };
    return (await house.wiring.keys.create(wish, Date.now())).token;
  }
  function callerWith(token: string | undefined, at = url): Caller {
    const caller = openCaller(at, token);
    callers.push(caller);
    return caller;
  }

  return {
    ...house,
    url,
    tokenFor,
    callerWith,
    /** Who may do everything. */
    caller: callerWith(await tokenFor()),
    async close() {
      for (const caller of callers) caller.close();
      await house.close();
    },
  };
}
