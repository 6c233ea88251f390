import { buildWhereOlder } from './built.ts'
import { noBrowser } from './services/browser.ts'

/** Builds the pages where a browser can look at them. */
export default function buildPages(): void {
  if (noBrowser !== null) return
  const vite = ['node_modules/vite/bin/vite.js', 'build', 'dashboard/web', '--logLevel', 'error']
  buildWhereOlder('.built-pages', vite, ['dashboard/web', 'contracts'], /\.(tsx?|css|html|svg)$/)
}
