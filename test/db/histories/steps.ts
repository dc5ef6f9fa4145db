import * as fc from 'fast-check';

/** What happens in a history, one after the other; or two at the same time. */
export type Step =
  | { readonly kind: 'store'; readonly messages: readonly Draft[] }
  /** Those of an older history, which are in no tier before they are cold. */
  | { readonly kind: 'import'; readonly messages: readonly Draft[] }
  /** One that was stored is sent again, as it was. */
  | { readonly kind: 'repeat'; readonly nth: number }
  | { readonly kind: 'cool'; readonly day: number; readonly secondOfDay: number }
  /** The same, and it dies after the first few Messages. */
  | { readonly kind: 'coolPartly'; readonly day: number; readonly secondOfDay: number }
  | { readonly kind: 'freeze'; readonly day: number; readonly days: number }
  | { readonly kind: 'compact' }
  | { readonly kind: 'restore'; readonly day: number; readonly days: number }
  | { readonly kind: 'read'; readonly page: PageDraft };

/** A Message in small numbers, so that conversations, clients and moments meet often. */
export interface Draft {
  readonly day: number;
  readonly second: number;
  readonly conversation: number;
  readonly client: number;
  readonly id: number;
}

export interface PageDraft {
  readonly scope: 'conversation' | 'client' | 'company';
  readonly of: number;
  readonly limit: number;
  readonly span: readonly [number, number] | null;
  readonly cursor: { readonly direction: 'before' | 'after'; readonly nth: number } | null;
}

export const DAYS = 4;
const CONVERSATIONS = 3;
const CLIENTS = 2;
const SECONDS = 4;

const day = fc.nat({ max: DAYS - 1 });
const draft: fc.Arbitrary<Draft> = fc.record({
  day,
  second: fc.nat({ max: SECONDS - 1 }),
  conversation: fc.nat({ max: CONVERSATIONS - 1 }),
  client: fc.nat({ max: CLIENTS - 1 }),
  id: fc.nat({ max: 1_000_000 }),
});

const page: fc.Arbitrary<PageDraft> = fc.record({
  scope: fc.constantFrom('conversation', 'client', 'company'),
  of: fc.nat({ max: 2 }),
  limit: fc.integer({ min: 1, max: 6 }),
  span: fc.option(fc.tuple(day, day), { freq: 3 }),
  cursor: fc.option(
    fc.record({ direction: fc.constantFrom('before', 'after'), nth: fc.nat({ max: 20 }) }),
  ),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('store', 'store', 'store', 'import'),
      messages: fc.array(draft, { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('repeat'), nth: fc.nat({ max: 20 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('cool', 'coolPartly'),
      day,
      secondOfDay: fc.nat({ max: SECONDS }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('freeze'),
      day,
      days: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restore'),
      day,
      days: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('read'), page }) },
);

/** At each moment one thing happens, or a page is read while it does. */
export const history: fc.Arbitrary<{ step: Step; meanwhile: PageDraft | null }[]> = fc.array(
  fc.record({ step, meanwhile: fc.option(page, { freq: 2 }) }),
  { minLength: 4, maxLength: 14 },
);
