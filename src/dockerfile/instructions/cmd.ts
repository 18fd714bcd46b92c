import { parseCommand } from './command.ts';

/** `CMD ["program", "argument"]` or `CMD text for the shell`. */
export const parseCmd = parseCommand('CMD');
