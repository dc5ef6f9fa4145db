import { StatsRequest } from '../../domain/stats.ts';
import { requestInvalid } from '../problem.ts';
import type { Answer, RouteDeps } from '../route.ts';

type Asked = Omit<StatsRequest, 'timeZone'> & { timeZone?: string | undefined };

/** @throws RequestFault If the fields do not go together. */
export async function statsAnswer(
  { timeZone, ...asked }: Asked,
  deps: Pick<RouteDeps, 'readStatsBytes' | 'timeZone'>,
): Promise<Answer> {
  const request = StatsRequest.safeParse({ ...asked, timeZone: timeZone ?? deps.timeZone });
  if (!request.success) throw requestInvalid(request.error);
  return { status: 200, bytes: (await deps.readStatsBytes(request.data)).bytes };
}
