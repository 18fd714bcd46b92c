import type { ExecutorTools } from '../../../src/engine/executor/tools.ts';

/** Tools that are only named, never started. */
export const tools: ExecutorTools = {
  sh: '/bin/sh',
  env: '/bin/env',
  cp: '/bin/cp',
  mkdir: '/bin/mkdir',
  mkfifo: '/bin/mkfifo',
  chown: '/bin/chown',
  mount: '/bin/mount',
  unshare: '/bin/unshare',
};
