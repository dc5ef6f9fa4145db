/** Whether a server answered lately. */
export type ServerState = 'ok' | 'away';

export interface Readiness {
  /** False: send requests elsewhere. */
  readonly isReady: boolean;
  readonly status: 'ok' | 'degraded' | 'away' | 'draining';
  readonly servers: Readonly<Record<string, ServerState>>;
}

export interface ReadinessWatch {
  look(): Promise<Readiness>;
  /** From now on nothing new is to come here. */
  drain(): void;
}

const ANSWER_MS_MAX = 1_000;
const LOOK_AGAIN_MS = 1_000;

/**
 * Looks whether the servers answer, once a second at most, however often it is asked. One of them
 * away is no reason to send requests elsewhere: cached pages go on without MySQL, Messages are taken
 * without it, and all pages are read without the queue.
 */
export function openReadiness(pings: {
  queueRedis(): Promise<unknown>;
  mysql(): Promise<unknown>;
  cacheRedis(): Promise<unknown>;
}): ReadinessWatch {
  let isDraining = false;
  let lookedAt = -Infinity;
  let looking: Promise<Readiness['servers']> = Promise.resolve({});

  async function lookAtAll(): Promise<Readiness['servers']> {
    const names = Object.entries(pings);
    const states = await Promise.all(names.map(([, ping]) => stateOf(ping)));
    return Object.fromEntries(names.map(([name], at) => [name, states[at] ?? 'away']));
  }

  return {
    async look() {
      if (performance.now() - lookedAt > LOOK_AGAIN_MS) {
        lookedAt = performance.now();
        looking = lookAtAll();
      }
      const servers = await looking;
      const isReady = !isDraining && (servers['mysql'] === 'ok' || servers['queueRedis'] === 'ok');
      return { isReady, status: statusOf(servers, { isReady, isDraining }), servers };
    },
    drain: () => void (isDraining = true),
  };
}

function statusOf(
  servers: Readiness['servers'],
  { isReady, isDraining }: { isReady: boolean; isDraining: boolean },
): Readiness['status'] {
  if (isDraining) return 'draining';
  if (!isReady) return 'away';
  return Object.values(servers).includes('away') ? 'degraded' : 'ok';
}

async function stateOf(ping: () => Promise<unknown>): Promise<ServerState> {
  const { promise: late, resolve } = Promise.withResolvers<ServerState>();
  const timer = setTimeout(() => resolve('away'), ANSWER_MS_MAX);
  const answered = ping().then(
    (): ServerState => 'ok',
    (): ServerState => 'away',
  );
  return Promise.race([answered, late]).finally(() => clearTimeout(timer));
}
