import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { type Express, type RequestHandler } from 'express'

/** Where `npm run build:web` puts the pages: beside this folder in the build, under `dist` from the sources. */
const builtWeb = (): string =>
  fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../../dist/dashboard/web' : '../web', import.meta.url),
  )

/** Serves the single-page application; every other path that wants HTML gets its index. */
export function mountWeb(app: Express, webDir: string = builtWeb()): void {
  const index = join(webDir, 'index.html')
  app.use(
    '/assets',
    express.static(join(webDir, 'assets'), {
      immutable: true,
      maxAge: '365d',
      index: false,
      fallthrough: false,
    }),
  )
  app.use(express.static(webDir, { index: false, dotfiles: 'ignore' }))
  app.get('/{*page}', sendIndex(index))
}

const sendIndex =
  (index: string): RequestHandler =>
  (req, res, next) => {
    if (!req.accepts('html')) {
      next()
      return
    }
    res.set('Cache-Control', 'no-cache')
    if (existsSync(index)) res.sendFile(index)
    else res.status(503).type('html').send(NOT_BUILT)
  }

const NOT_BUILT = `<!doctype html><meta charset="utf-8"><title>Sightline</title>
<p>The pages are not built yet: run <code>npm run build:web</code>. The API is up: <a href="/docs">/docs</a>.</p>
<p>页面尚未构建:请运行 <code>npm run build:web</code>。接口可用:<a href="/docs">/docs</a>。</p>`
