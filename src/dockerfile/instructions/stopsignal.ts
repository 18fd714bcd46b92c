import { parseWord } from './word.ts';

/** `STOPSIGNAL <name or number>`. */
export const parseStopsignal = parseWord('STOPSIGNAL', 'a signal');
