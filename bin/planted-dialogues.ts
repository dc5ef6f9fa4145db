import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ROLES } from '../domain/message.ts';

/** What a planted dialogue is there for. */
const KINDS = ['everyday', 'rising', 'breakOff', 'unusual', 'falling'] as const;

const Dialogue = z.object({
  kind: z.enum(KINDS),
  /** `{number}` stands for a number that differs from Conversation to Conversation. */
  turns: z.array(z.object({ role: z.enum(ROLES), text: z.string() })).min(1),
});
export type PlantedDialogue = z.infer<typeof Dialogue>;

/** By kind; the falling ones from the best mood to the worst. */
export type PlantedDialogues = Readonly<
  Record<PlantedDialogue['kind'], readonly PlantedDialogue[]>
>;

/** The short dialogues that a history of months is made of, written for this project. */
export function readPlantedDialogues(): PlantedDialogues {
  const file = join(import.meta.dirname, 'samples', 'planted.jsonl');
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const all = lines.map((line) => Dialogue.parse(JSON.parse(line)));
  const ofKind = (kind: PlantedDialogue['kind']) => all.filter((one) => one.kind === kind);
  return {
    everyday: ofKind('everyday'),
    rising: ofKind('rising'),
    breakOff: ofKind('breakOff'),
    unusual: ofKind('unusual'),
    falling: ofKind('falling'),
  };
}
