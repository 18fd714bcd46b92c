/** Characters: __NEW_UTS_LEN of Linux. */
export const LONGEST_HOST_NAME = 64;

/** Whether steps may have it for their name; also what stands in /etc/hosts. */
export function isHostName(text: string): boolean {
  return text.length <= LONGEST_HOST_NAME && /^[a-z0-9](?:[\w.-]*[a-z0-9])?$/i.test(text);
}
