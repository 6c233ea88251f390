interface Parameter {
  name: string
  in: string
  description?: string
  required?: boolean
  schema?: { type?: string; enum?: string[]; pattern?: string; format?: string }
}

/** By media type. */
type Content = Record<string, { schema?: unknown }>

interface Operation {
  summary?: string
  'x-summary-zh'?: string
  'x-role'?: string
  tags?: string[]
  parameters?: Parameter[]
  requestBody?: { content?: Content }
  responses?: Record<string, { description?: string; content?: Content }>
}

interface Document {
  info: { title: string; version: string; description?: string }
  paths: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, unknown> }
}

const WORDS = {
  en: {
    parameters: 'Parameters',
    body: 'Request body',
    response: 'Response',
    schemas: 'Schemas',
    pages: 'Pages',
    other: '中文',
    role: 'role',
  },
  zh: {
    parameters: '参数',
    body: '请求体',
    response: '应答',
    schemas: '数据结构',
    pages: '页面',
    other: 'English',
    role: '角色',
  },
}

const TAGS: Record<string, { zh: string; en: string }> = {
  line: { zh: '产线', en: 'Line' },
  parts: { zh: '工件', en: 'Parts' },
  genealogy: { zh: '谱系', en: 'Genealogy' },
  proof: { zh: '存证', en: 'Proof' },
  images: { zh: '图像', en: 'Images' },
  live: { zh: '实时', en: 'Live feed' },
  epcis: { zh: 'EPCIS', en: 'EPCIS' },
  models: { zh: '模型', en: 'Models' },
  modules: { zh: '模块', en: 'Modules' },
  accounts: { zh: '账户', en: 'Accounts' },
  operations: { zh: '运维', en: 'Operations' },
  plant: { zh: '工厂', en: 'Plant' },
}

/** The OpenAPI document as one plain page: no script, nothing loaded from elsewhere, readable offline. */
export function docsPage(document: object, language: 'zh' | 'en'): string {
  const doc = document as Document
  const w = WORDS[language]
  const operations = Object.entries(doc.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const groups = Object.keys(TAGS)
    .map((tag) => ({ tag, list: operations.filter((o) => o.operation.tags?.[0] === tag) }))
    .filter((group) => group.list.length > 0)
  const sections = groups.map(
    ({ tag, list }) =>
      `<section><h2>${escape(TAGS[tag]?.[language] ?? tag)}</h2>${list
        .map((o) => operationHtml(o.path, o.method, o.operation, language))
        .join('')}</section>`,
  )
  const schemas = Object.entries(doc.components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="${escape(name)}"><summary><b>${escape(name)}</b></summary>${json(schema)}</details>`,
  )
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${escape(doc.info.title)} API</title><style>${CSS}</style></head><body>
<header><h1>${escape(doc.info.title)} API <small>${escape(doc.info.version)}</small></h1>
<nav aria-label="${w.pages}"><a href="/">Dashboard</a> <a href="/openapi.json">openapi.json</a> <a href="?lang=${language === 'zh' ? 'en' : 'zh'}">${w.other}</a></nav></header>
<main>${sections.join('')}<section><h2>${w.schemas}</h2>${schemas.join('')}</section></main></body></html>`
}

function operationHtml(path: string, method: string, o: Operation, language: 'zh' | 'en'): string {
  const w = WORDS[language]
  const summary = language === 'zh' ? (o['x-summary-zh'] ?? o.summary) : o.summary
  const rows = (o.parameters ?? []).map(
    (p) =>
      `<tr><td><code>${escape(p.name)}</code>${p.required ? ' *' : ''}</td><td>${escape(p.in)}</td><td>${escape(
        p.schema?.enum?.join(' | ') ?? p.schema?.format ?? p.schema?.pattern ?? p.schema?.type ?? '',
      )}</td><td>${escape(p.description ?? '')}</td></tr>`,
  )
  const body = Object.entries(o.requestBody?.content ?? {}).map(([type, media]) => mediaHtml('', type, media))
  const responses = Object.entries(o.responses ?? {}).flatMap(([status, response]) => {
    const label = `<b class="s${status.charAt(0)}">${status}</b> `
    const content = Object.entries(response.content ?? {})
    if (content.length === 0) return [`<p>${label}${escape(response.description ?? '')}</p>`]
    return content.map(([type, media]) => mediaHtml(label, type, media))
  })
  return `<details class="op"><summary><b class="m">${method.toUpperCase()}</b> <code>${escape(path)}</code> <span>${escape(summary ?? '')}</span></summary>
${o['x-role'] === undefined ? '' : `<p>${w.role}: <code>${escape(o['x-role'])}</code></p>`}
${rows.length === 0 ? '' : `<h3>${w.parameters}</h3><table>${rows.join('')}</table>`}${body.length === 0 ? '' : `<h3>${w.body}</h3>${body.join('')}`}<h3>${w.response}</h3>${responses.join('')}</details>`
}

const mediaHtml = (label: string, type: string, media: { schema?: unknown }): string =>
  `<details><summary>${label}${escape(type)}</summary>${json(media.schema ?? {})}</details>`

const json = (value: unknown): string => `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const CSS = `:root{color-scheme:dark}body{margin:0;background:#0e1116;color:#d7dde6;font:14px/1.5 system-ui,"Noto Sans CJK SC",sans-serif}
header{display:flex;justify-content:space-between;align-items:center;padding:12px 24px;background:#161b22;border-bottom:1px solid #2a313c}
h1{font-size:18px;margin:0}h1 small{color:#8b97a7;font-weight:400}h2{font-size:15px;margin:24px 0 8px}h3{font-size:12px;color:#8b97a7;margin:10px 0 4px}
a{color:#58a6ff;margin-left:16px}main{max-width:1100px;margin:0 auto;padding:0 24px 48px}
details{border:1px solid #2a313c;border-radius:6px;margin:6px 0;padding:6px 12px;background:#131820}summary{cursor:pointer}summary span{color:#9aa7b8;margin-left:12px}
.m{color:#3fb950;display:inline-block;min-width:44px}.s2{color:#3fb950}.s4,.s5,.sd{color:#f0883e}table{border-collapse:collapse}td{padding:2px 16px 2px 0;vertical-align:top}
pre{overflow:auto;max-height:420px;background:#0b0e13;padding:10px;border-radius:4px;font-size:12px}code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}`
