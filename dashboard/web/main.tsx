import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { startI18n } from './i18n/index.ts'
import { liveFeed } from './live/feed.ts'
import './look/base.css'
import './look/shell.css'
import './look/pages.css'
import './look/live.css'
import './look/andon.css'
import './look/part.css'
import './look/life.css'
import './look/ncr.css'
import './look/unit-life.css'
import './look/sinks.css'

startI18n()
liveFeed.start()
const root = document.getElementById('root')
if (root) createRoot(root).render(<App />)
