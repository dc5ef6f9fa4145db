import { runProcess } from '../entry.ts';
import { runDashboard } from './run.ts';

/** Entry of one HTTP process. */
await runProcess(process.env, runDashboard);
