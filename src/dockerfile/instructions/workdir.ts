import { parseWord } from './word.ts';

/** `WORKDIR <directory>`, absolute or relative to the one before. */
export const parseWorkdir = parseWord('WORKDIR', 'a directory');
