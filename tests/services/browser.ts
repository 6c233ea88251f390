import { commandPresent } from './require-service.ts'

export const CHROMIUM = process.env['SIGHTLINE_CHROMIUM'] ?? '/usr/bin/chromium'
const required = process.env['SIGHTLINE_REQUIRE_SERVICES'] === '1'

/** Why the browser tests cannot run here; null = they can. Where services are required, they run and fail instead. */
export const noBrowser: string | null =
  required || commandPresent(CHROMIUM)
    ? null
    : `no Chromium at ${CHROMIUM}; install it or set SIGHTLINE_CHROMIUM`
