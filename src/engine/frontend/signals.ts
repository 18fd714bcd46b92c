import { constants } from 'node:os';

/** `SIGTERM`, `TERM`, `15`, and the real-time signals `RTMIN+3`. */
export function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 64;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return `SIG${name}` in constants.signals || /^RT(MIN(\+\d+)?|MAX(-\d+)?)$/.test(name);
}
