#!/usr/bin/env node
// First what waits for signals: the rest takes a while to load.
await import('../dist/src/cli/interruption.js')
  .then(() => import('../dist/src/cli/main.js'))
  .catch((error) => {
    if (error.code === 'EMFILE' || error.code === 'ENFILE') {
      console.error(`error[too-many-open-files]: the limit of open files is reached: ${error.message}`);
      console.error('  = fix: raise it: ulimit -n 4096 (Docker: --ulimit nofile=4096; systemd: LimitNOFILE=4096)');
      process.exit(5);
    }
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !/\/dist\/src\/cli\/(?:interruption|main)\.js/.test(error.message))
      throw error;
    console.error('cip is not built yet: run "npm ci" (or "npm run build") in its directory');
    process.exitCode = 5;
  });
