import { eng, por } from 'stopword';

/** What a Conversation is in; `pt` also stands for what is neither. */
export type Language = 'en' | 'pt';

const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}]+)*/gu;
/** Of an address, what stands before the `@` is looked at from its beginning alone, or long ones take for ever. */
const NOISE = /https?:\/\/\S+|(?<![^\s@])[^\s@]+@[^\s@]+\.\S+/gu;

/** Said in chats, and saying nothing of what they are about. */
const CHAT_WORDS = {
  en: 'yeah yes no ok okay um uh hmm hello hi hey please thanks thank well like know think mean just really going get got let one thing things right sure actually kind sort lot much can could would should will want need also maybe something don didn doesn isn wasn won cuz gonna wanna',
  pt: 'sim não nao ok oi olá ola bom boa dia tarde noite obrigado obrigada favor aqui lá la aí ai então entao tá ta né ne pra pro vc vcs você vocês voce queria quero gostaria pode posso ser estar fazer tem ter vou vai muito mais bem isso isto esse essa este esta tudo nada já ja só so também tambem ainda porque qual quais quando onde como',
} as const;

const STOP_WORDS: Readonly<Record<Language, ReadonlySet<string>>> = {
  en: new Set([...eng, ...CHAT_WORDS.en.split(' ')]),
  pt: new Set([...por, ...CHAT_WORDS.pt.split(' ')]),
};

/** The words of a text, in lower case, without addresses. */
export function wordsOf(text: string): string[] {
  return text.replaceAll(NOISE, ' ').toLowerCase().match(WORD) ?? [];
}

const ACCENT = /\p{M}/gu;

/** Loose accents go first: to put thousands of them in order, as NFD does, takes the square of that. */
export function withoutAccents(text: string): string {
  return text.replaceAll(ACCENT, '').normalize('NFD').replaceAll(ACCENT, '');
}

/** Whether a word may say what a text is about. */
export function isContent(word: string, language: Language): boolean {
  return word.length > 2 && !STOP_WORDS[language].has(word) && !/^\d+$/.test(word);
}

const ENDINGS: Readonly<Record<Language, readonly (readonly [RegExp, string])[]>> = {
  en: [
    [/ies$/, 'y'],
    [/(?:ing|edly|ed|ly|es|s)$/, ''],
    [/e$/, ''],
  ],
  pt: [
    [/ões$/, 'ão'],
    [/(?:amente|mente)$/, ''],
    [/(?:ando|endo|indo|aram|eram|iram|ados?|adas?|idos?|idas?|ar|er|ir|ou|ei|iu)$/, ''],
    [/[aeo]?s$|[aeo]$/, ''],
  ],
};
const STEM_LENGTH_MIN = 3;

/**
 * What the forms of a word have in common, near enough to find one in another. A full stemmer is
 * right more often, ten times as long, and no better at it.
 */
export function stemOf(word: string, language: Language): string {
  let stem = word;
  for (const [ending, instead] of ENDINGS[language]) {
    const shorter = stem.replace(ending, instead);
    if (shorter.length >= STEM_LENGTH_MIN) stem = shorter;
  }
  return stem;
}
