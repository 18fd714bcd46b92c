import { constants } from 'node:fs';

/** How files are opened: not to wait for a writer where one has become a FIFO, nor to follow a link in its place. */
export const READ_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
