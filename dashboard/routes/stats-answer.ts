import { StatsRequest } from '../../domain/stats.ts';
import { requestInvalid } from '../problem.ts';
import type { Answer, RouteDeps } from '../route.ts';

/** @throws RequestFault If the fields do not go together. */
export async function statsAnswer(
  asked: StatsRequest,
  { readStatsBytes }: Pick<RouteDeps, 'readStatsBytes'>,
): Promise<Answer> {
  const request = StatsRequest.safeParse(asked);
  if (!request.success) throw requestInvalid(request.error);
  return { status: 200, bytes: (await readStatsBytes(request.data)).bytes };
}
