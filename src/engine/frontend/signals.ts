/** Of Linux, without `SIG`: what this machine calls its signals does not matter to an image (signal(7)). */
const names = new Set(
  (
    'HUP INT QUIT ILL TRAP ABRT IOT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU ' +
    'URG XCPU XFSZ VTALRM PROF WINCH IO POLL PWR SYS'
  ).split(' '),
);

/** `SIGTERM`, `TERM`, `15`, and the real-time signals `RTMIN+3`. */
export function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 64;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return names.has(name) || /^RT(MIN(\+\d+)?|MAX(-\d+)?)$/.test(name);
}
