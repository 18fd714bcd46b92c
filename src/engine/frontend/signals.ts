/** Of Linux, without `SIG`: what this machine calls its signals does not matter to an image (signal(7)). */
const names = new Set(
  (
    'HUP INT QUIT ILL TRAP ABRT IOT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CLD CONT STOP TSTP TTIN TTOU ' +
    'URG XCPU XFSZ VTALRM PROF WINCH IO POLL PWR SYS'
  ).split(' '),
);

/** Real-time signals have a name by the nearer end of their numbers, 34 to 64. */
const realTime = /^RT(MIN(\+([1-9]|1[0-5]))?|MAX(-([1-9]|1[0-4]))?)$/;

/** `SIGTERM`, `TERM`, `15`, and the real-time signals `RTMIN+3`. No runtime can send a number that the kernel has not got. */
export function isSignal(text: string): boolean {
  if (/^\+?\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 64;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return names.has(name) || realTime.test(name);
}
