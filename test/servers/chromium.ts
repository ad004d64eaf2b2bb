// A real Chromium for a test: the system's, or the one that CHROMIUM names.
import { chromium, type Browser } from 'playwright-core'
import type { Test } from 'tap'
import { findProgram, leftOut, serverFolder } from './program.js'

/** A browser without a window, which ends with the test; `null` where there is none, and then it was said. */
export async function startChromium (t: Test): Promise<Browser | null> {
  const { CHROMIUM } = process.env
  const executablePath = findProgram(CHROMIUM === undefined ? ['chromium', 'chromium-browser', 'google-chrome'] : [CHROMIUM])
  if (executablePath === undefined) return leftOut(t, 'Chromium', 'apt-get install chromium')

  // What it keeps beside its profile goes there too.
  const HOME = serverFolder(t, 'chromium')
  const browser = await chromium.launch({
    executablePath,
    // Its sandbox does not work for root, nor in many containers; it shows nothing here but pages of ours.
    args: ['--no-sandbox'],
    env: { ...process.env as Record<string, string>, HOME }
  })
  t.teardown(async () => { await browser.close() })
  return browser
}
