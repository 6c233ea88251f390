import i18next from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'
import { straight } from '../../../contracts/error-text.ts'
import type { Text } from '../api/types.ts'
import { en } from './en.ts'
import { zh } from './zh.ts'

export type Language = 'zh' | 'en'

const STORAGE = 'sightline.language'

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en }
  }
}

/** The remembered language, else the browser's. */
export function startI18n(): void {
  const remembered = localStorage.getItem(STORAGE)
  const lng: Language =
    remembered === 'zh' || remembered === 'en'
      ? remembered
      : navigator.language.startsWith('zh')
        ? 'zh'
        : 'en'
  void i18next.use(initReactI18next).init({
    lng,
    fallbackLng: 'en',
    resources: { en: { translation: en }, zh: { translation: zh } },
    // Names come from codes and files, and stand between other words.
    interpolation: { escapeValue: true, escape: straight },
    initAsync: false,
  })
  document.documentElement.lang = lng
}

export function setLanguage(language: Language): void {
  localStorage.setItem(STORAGE, language)
  document.documentElement.lang = language
  void i18next.changeLanguage(language)
}

export function useLanguage(): Language {
  const { i18n } = useTranslation()
  return i18n.language === 'zh' ? 'zh' : 'en'
}

/** Picks the language of a bilingual text that came from the server. */
export function useText(): (text: Text) => string {
  const language = useLanguage()
  return (text) => text[language]
}
