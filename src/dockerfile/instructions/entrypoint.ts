import { parseCommand } from './command.ts';

/** `ENTRYPOINT ["program", "argument"]` or `ENTRYPOINT text for the shell`. */
export const parseEntrypoint = parseCommand('ENTRYPOINT');
