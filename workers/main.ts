import { runProcess } from '../entry.ts';
import { runFleet } from './run.ts';

/** Entry of one Fleet process. */
await runProcess(process.env, runFleet);
