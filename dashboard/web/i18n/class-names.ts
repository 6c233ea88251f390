import i18next from 'i18next'

/** Chinese names of defect classes that models commonly speak of in English; a plant's own names stay as they are. */
const ZH = new Map(
  Object.entries({
    open: '开路',
    short: '短路',
    mousebite: '鼠咬',
    spur: '毛刺',
    copper: '余铜',
    pinhole: '针孔',
    scratch: '划伤',
    crack: '裂纹',
    dent: '凹坑',
    stain: '污渍',
    dust: '灰尘',
    chip: '崩边',
    burr: '飞边',
    missing: '缺件',
    difference: '与标准图不符',
    blob: '斑块',
    anomaly: '异常',
    unclassified: '未分类',
  }),
)

/** The class as a person reads it in the language of the page. */
export const className = (name: string): string =>
  i18next.language.startsWith('zh') ? (ZH.get(name) ?? name) : name
