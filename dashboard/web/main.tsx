import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { startI18n } from './i18n/index.ts'
import { liveFeed } from './live/feed.ts'
import { onReplace } from './live/new-program.ts'
import { nameIcons } from './look/icon-names.ts'
import { askSite, atPlant } from './shell/site.tsx'
import './look/base.css'
import './look/shell.css'
import './look/pages.css'
import './look/live.css'
import './look/andon.css'
import './look/part.css'
import './look/life.css'
import './look/analysis.css'
import './look/teach.css'
import './look/ncr.css'
import './look/unit-life.css'
import './look/sinks.css'
import './look/phone.css'
import './look/reach.css'
import './look/print.css'

startI18n()
nameIcons()

const AGAIN_MS = 2_000

const element = document.getElementById('root')
const root = element && createRoot(element)
onReplace(() => root?.unmount())

function show(isKnown: boolean): void {
  if (atPlant()) liveFeed.stop()
  else liveFeed.start()
  root?.render(<App key={String(isKnown)} />)
  if (!isKnown) setTimeout(() => void askSite().then(show), AGAIN_MS)
}
void askSite().then(show)
