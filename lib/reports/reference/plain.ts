/** Text as it may stand on a page: on one line, and nothing in it that is no character for people. */
export function plain (text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/[\p{Cc}\p{Cs}]/gu, '\uFFFD')
}

export function paragraphs (text: string): string[] {
  return text.split(/\n\s*\n/).map(plain).filter(paragraph => paragraph !== '')
}
