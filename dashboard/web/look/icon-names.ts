import i18next from 'i18next'

/** Icons that are the whole name of a button; every other one stands beside words, or inside what has a name. */
const NAMED = ['close', 'close-circle', 'search', 'left', 'right', 'eye', 'eye-invisible'] as const
const SPUN = { 'Increase Value': 'more', 'Decrease Value': 'less' } as const

const isNamed = (name: string): name is (typeof NAMED)[number] => NAMED.some((n) => n === name)

/** antd names its icons in English, whatever the language of the page. */
function name(icon: Element): void {
  const label = icon.getAttribute('aria-label') ?? ''
  const kind = icon.querySelector('svg')?.getAttribute('data-icon') ?? ''
  const spun = icon.getAttribute('data-spun') ?? (label in SPUN ? SPUN[label as keyof typeof SPUN] : null)
  if (spun === 'more' || spun === 'less') {
    icon.setAttribute('data-spun', spun)
    say(icon, i18next.t(`icon.${spun}`))
  } else if (isNamed(kind)) say(icon, i18next.t(`icon.${kind}`))
  else if (icon.classList.contains('anticon')) icon.setAttribute('aria-hidden', 'true')
}

function say(icon: Element, words: string): void {
  if (icon.getAttribute('aria-label') !== words) icon.setAttribute('aria-label', words)
}

const ICONS = '.anticon, .ant-input-number-action, .ant-input-number-handler'

/** Names them in the language of the page, those that come later too. */
export function nameIcons(): void {
  const all = (within: Element): void => {
    if (within.matches(ICONS)) name(within)
    for (const icon of within.querySelectorAll(ICONS)) name(icon)
  }
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes) if (node instanceof Element) all(node)
  }).observe(document.body, { childList: true, subtree: true })
  i18next.on('languageChanged', () => all(document.body))
  all(document.body)
}
