import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SECRETS } from '../../bin/env-file.ts';
import { readConfig } from '../../config.ts';
import { composeText, readServices, SECRETS_OF_TESTS, variablesOf } from './compose-file.ts';
import type { Service } from './compose-file.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What a process takes to close after it has drained, in seconds: entry.ts. */
const CLOSE_SECONDS_MAX = 5;

const services = readServices(SECRETS_OF_TESTS);
const all = Object.entries(services);
const ours = all.filter(([, service]) => service.build !== undefined);
const running = all.filter(([, service]) => service.restart !== 'no');

describe('every container', () => {
  it.each(all)('%s publishes on this machine only', (_name, { ports }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('publishes each port once', () => {
    const published = all.flatMap(([, { ports }]) => ports.map((port) => port.split(':')[1]));
    expect(new Set(published).size).toBe(published.length);
  });

  it.each(all)('%s has an image whose tag is a version', (_name, { image }) => {
    expect(image).toMatch(/^[\w./-]+:v?\d+(\.\d+)*$/);
  });

  it.each(all)('%s gains no rights, and keeps its logs bounded', (_name, service) => {
    expect(service.security_opt).toContain('no-new-privileges:true');
    expect(service.logging.options).toMatchObject({ 'max-size': '10m', 'max-file': '5' });
  });

  it.each(running)('%s comes back by itself and tells how it is', (_name, service) => {
    expect(service.restart).toBe('unless-stopped');
    expect(service.healthcheck?.test[0]).toMatch(/^CMD/);
  });

  it('waits only for what can become so', () => {
    for (const [, { depends_on: needed }] of all) {
      for (const [name, { condition }] of Object.entries(needed)) {
        const { restart, healthcheck } = serviceOf(name);
        if (condition === 'service_healthy') expect(healthcheck).toBeDefined();
        if (condition === 'service_completed_successfully') expect(restart).toBe('no');
      }
    }
  });

  it('of ours starts when the schema is up to date, which waits for MySQL and the queue', () => {
    expect(ours.map(([name]) => name)).toEqual(['migrate', 'fleet', 'dashboard']);
    for (const name of ['fleet', 'dashboard']) {
      const { condition } = serviceOf(name).depends_on['migrate'] ?? {};
      expect(condition).toBe('service_completed_successfully');
    }
    for (const name of ['mysql', 'queue-redis']) {
      const { condition } = serviceOf('migrate').depends_on[name] ?? {};
      expect(condition).toBe('service_healthy');
    }
  });
});

describe('a container of ours', () => {
  it.each(ours)(
    '%s runs without rights, as nobody much, on a disk it cannot write',
    (_name, one) => {
      expect(one).toMatchObject({ user: 'node', read_only: true, cap_drop: ['ALL'] });
    },
  );

  it.each(ours)('%s is given a configuration that holds', (_name, { environment }) => {
    expect(() => readConfig(environment)).not.toThrow();
  });

  it.each(ours)('%s is given nothing that it would not look at', (_name, { environment }) => {
    const known = readFileSync(join(ROOT, 'config.ts'), 'utf8').match(/^ +[A-Z_]+(?=:)/gm);
    const names = known?.map((name) => name.trim());
    // What begins with AWS_ is for the SDK of S3.
    const given = Object.keys(environment).filter((name) => !name.startsWith('AWS_'));
    for (const name of given) expect(names).toContain(name);
  });

  it.each(ours)('%s is not killed while it drains', (_name, { environment, ...one }) => {
    const { drainMsMax } = readConfig(environment);
    const graceSeconds = Number(/^(\d+)s$/.exec(one.stop_grace_period ?? '')?.[1]);
    expect(graceSeconds).toBeGreaterThan(drainMsMax / 1_000 + CLOSE_SECONDS_MAX);
  });

  it('has the version of the package as its tag', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const [, { image }] of ours) expect(image).toBe(`camadas:${version}`);
  });

  it('asks for health where it listens', () => {
    const { environment: fleet, ...fleetRest } = serviceOf('fleet');
    const { environment: http, ...httpRest } = serviceOf('dashboard');
    expect(fleetRest.healthcheck?.test.at(-1)).toContain(`:${fleet['METRICS_PORT']}/healthz`);
    expect(httpRest.healthcheck?.test.at(-1)).toContain(`:${http['HTTP_PORT']}/readyz`);
  });
});

describe('the secrets', () => {
  const variables = variablesOf(composeText);

  it('are those that ./scripts.sh env writes; all else has a default', () => {
    const required = variables.filter((one) => one.default === null).map(({ name }) => name);
    expect([...new Set(required)].sort()).toEqual(Object.keys(SECRETS).sort());
  });

  it('are asked for with the remedy', () => {
    for (const [whole] of composeText.matchAll(/\$\{\w+[^}]*\}/g)) {
      expect(whole).toMatch(/:-|:\?run \.\/scripts\.sh env first\}$/);
    }
  });

  it('stand in no command line', () => {
    for (const [, { command, healthcheck }] of all) {
      const lines = [...command, ...(healthcheck?.test ?? [])].join('\n');
      for (const secret of Object.values(SECRETS_OF_TESTS)) expect(lines).not.toContain(secret);
    }
  });
});

describe('a secret that Compose writes as a file', () => {
  // https://github.com/docker/compose/pull/12531: it refuses to start such a container.
  it('goes to no container that is read-only', () => {
    const given = all.filter(([, { secrets }]) => secrets.length > 0);
    expect(given.map(([name]) => name)).toEqual(['prometheus']);
    for (const [, { read_only: isReadOnly }] of given) expect(isReadOnly).toBe(false);
  });
});

function serviceOf(name: string): Service {
  const service = services[name];
  if (!service) throw new Error(`docker-compose.yml has no ${name}`);
  return service;
}
