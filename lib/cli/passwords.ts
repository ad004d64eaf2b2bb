/**
 * What hides the passwords of the URLs on a command line in whatever else is said: a parser quotes what it does not understand,
 * and a driver what it was given.
 */
export function hider (args: readonly string[]): (text: string) => string {
  const secrets = [...new Set(args.flatMap(passwordsIn).flatMap(formsOf))].sort((a, b) => b.length - a.length)
  return text => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text)
}

/** Where a password has an `@` of its own, which is wrong, it cannot be told where it ends: up to each. */
function passwordsIn (arg: string): string[] {
  const afterUser = /\/\/[^:@/]*:(.*)$/s.exec(arg)?.[1] ?? ''
  const inAuthority = [...afterUser.matchAll(/@/g)].map(({ index }) => afterUser.slice(0, index))
  const inQuery = [...arg.matchAll(/[?&]password=([^&#]+)/gi)].map(([, password]) => password!)
  return [...inAuthority, ...inQuery].filter(password => password !== '')
}

/** As it stands there, and as a driver may show it. */
function formsOf (password: string): string[] {
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}
