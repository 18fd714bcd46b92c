import { existsSync, readFileSync } from 'node:fs';
import type { Surroundings } from './surroundings.ts';

/** Whether this process is in a container that somebody else has made, as far as those tell. */
export function isInContainer(env: Surroundings['env'], read: (file: string) => string | undefined = textOf): boolean {
  if (env['KUBERNETES_SERVICE_HOST'] || env['container']) return true;
  if (read('/.dockerenv') !== undefined || read('/run/.containerenv') !== undefined) return true;
  return /[/:](docker|kubepods|containerd|crio|libpod|lxc)[-./:]/.test(read('/proc/self/cgroup') ?? '');
}

function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
