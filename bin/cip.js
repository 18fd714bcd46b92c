#!/usr/bin/env node
await import('../dist/src/cli/main.js').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.message.includes('/dist/src/cli/main.js')) throw error;
  console.error('cip is not built yet: run "npm ci" (or "npm run build") in its directory');
  process.exitCode = 5;
});
