/** A text in the two languages of the product. */
export interface I18n {
  zh: string
  en: string
}
