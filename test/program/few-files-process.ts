// Takes all the file descriptors that it may have, starts a program, and says what came of it.
import { closeSync, openSync } from 'node:fs';
import { startProgram } from '../../src/program/start-program.ts';

const held: number[] = [];
try {
  for (;;) held.push(openSync('/dev/null', 'r'));
} catch {
  const running = await startProgram({ program: 'sh', args: ['-c', ':'], env: 'inherited', stdio: 'pipe' });
  for (const file of held) closeSync(file);
  console.log('how' in running ? `${running.how} ${running.error.code}` : 'it runs');
}
