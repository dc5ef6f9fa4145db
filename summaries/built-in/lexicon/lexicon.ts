/** What the words of a language say of feelings; see `english`. */
export interface Lexicon {
  /** By valence: words and phrases, parted by blanks. */
  readonly valences: Readonly<Record<string, string>>;
  /** Turn what follows into its opposite. */
  readonly negations: string;
  /** Make what follows stronger, or weaker. */
  readonly stronger: string;
  readonly weaker: string;
  /** What comes after them is meant more than what came before. */
  readonly turns: string;
}

/** A lexicon as it is looked up in. */
export interface Dictionary {
  readonly negations: ReadonlySet<string>;
  readonly stronger: ReadonlySet<string>;
  readonly weaker: ReadonlySet<string>;
  readonly turns: ReadonlySet<string>;
  /**
   * The longest entry that begins at a word.
   *
   * @returns Its valence, and how many words it is; null if there is none.
   */
  find(words: readonly string[], at: number): Found | null;
}

export interface Found {
  readonly valence: number;
  readonly length: number;
}

const STEM_LENGTH_MIN = 3;

export function openDictionary(lexicon: Lexicon): Dictionary {
  const whole = new Map<string, number>();
  const stems = new Map<string, number>();
  /** Of each word that begins a phrase, how many words the longest one has. */
  const phraseWords = new Map<string, number>();
  for (const [valence, entries] of Object.entries(lexicon.valences)) {
    for (const entry of listOf(entries)) {
      if (entry.endsWith('*')) stems.set(entry.slice(0, -1), Number(valence));
      else whole.set(entry, Number(valence));
      const [first = '', ...more] = entry.split(' ');
      phraseWords.set(first, Math.max(phraseWords.get(first) ?? 1, 1 + more.length));
    }
  }
  const stemLengthMax = Math.max(...[...stems.keys()].map(({ length }) => length));
  return {
    negations: setOf(lexicon.negations),
    stronger: setOf(lexicon.stronger),
    weaker: setOf(lexicon.weaker),
    turns: setOf(lexicon.turns),
    find(words, at) {
      const longest = phraseWords.get(words[at] ?? '') ?? 1;
      for (let length = Math.min(longest, words.length - at); length > 0; length -= 1) {
        const phrase = length === 1 ? (words[at] ?? '') : words.slice(at, at + length).join(' ');
        const valence = valenceOf(phrase);
        if (valence !== null) return { valence, length };
      }
      return null;
    },
  };

  function valenceOf(phrase: string): number | null {
    const known = whole.get(phrase);
    if (known !== undefined) return known;
    for (let end = Math.min(phrase.length, stemLengthMax); end >= STEM_LENGTH_MIN; end -= 1) {
      const stem = stems.get(phrase.slice(0, end));
      // An ending is letters: the stem of one word does not reach into the next one.
      if (stem !== undefined && !phrase.includes(' ', end)) return stem;
    }
    return null;
  }
}

function setOf(entries: string): ReadonlySet<string> {
  return new Set(listOf(entries));
}

function listOf(entries: string): string[] {
  return entries
    .split(/\s+/)
    .filter(Boolean)
    .map((entry) => entry.replaceAll('_', ' '));
}
