import type { Patterns } from '../domain/patterns/patterns.ts';
import { patternSentences, patternsWithout } from './pattern-sentences.ts';

/** One line each, with the observations it rests on; then what there is too little for. */
export function showPatterns(patterns: Patterns): string {
  const told = patternSentences(patterns).map(
    ({ sentence, observations }) =>
      `- ${sentence} (${observations.toLocaleString('en-US')} observations)`,
  );
  const without = patternsWithout(patterns);
  if (without.length > 0) told.push(`- too little to tell: ${without.join(', ')}`);
  return told.join('\n');
}
