/** Style of the report: light, printable, no outside resources. */
export const STYLE = `
:root{--ink:#16202c;--soft:#5c6b7a;--line:#dce3ea;--panel:#fff;--page:#f3f6f9;--accent:#0b6bcb;--good:#14804a;--bad:#c3362b;--warn:#a86500}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:14px/1.5 system-ui,"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
body.en [lang=zh],body.zh [lang=en]{display:none}
header,main{max-width:1180px;margin:0 auto;padding:0 24px}
header{padding-top:28px;display:flex;gap:24px;align-items:flex-start;justify-content:space-between}
h1{font-size:24px;margin:0 0 4px}h2{font-size:16px;margin:0 0 10px}
.facts{color:var(--soft);font-size:13px;margin:0;overflow-wrap:anywhere}
.note{color:var(--soft);font-size:13px;margin:-4px 0 12px;max-width:90ch}
button{font:inherit;padding:4px 12px;border:1px solid var(--line);background:var(--panel);border-radius:6px;cursor:pointer;white-space:nowrap}
section{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:16px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px;margin:18px 0}
.tile{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.tile b{display:block;font-size:25px;font-weight:650;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.tile small{color:var(--soft)}.tile.good b{color:var(--good)}.tile.bad b{color:var(--bad)}.tile.warn b{color:var(--warn)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:6px 10px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:600}
tbody tr:last-child td{border-bottom:0}
td.own{font-weight:650}.text{white-space:normal;overflow-wrap:anywhere;text-align:left;min-width:24em}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:16px;margin-top:14px}
.charts.three{grid-template-columns:repeat(auto-fit,minmax(320px,1fr))}
svg text{font:11px system-ui,sans-serif;fill:#5c6b7a}
.legend{display:flex;flex-wrap:wrap;gap:4px 14px;color:var(--soft);font-size:12px}
.legend i{display:inline-block;width:14px;height:3px;border-radius:2px;margin-right:6px;vertical-align:middle}
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:14px}
.case{border:1px solid var(--line);border-radius:8px;overflow:hidden}
.case p{margin:0;padding:8px 10px;font-size:12px;overflow-wrap:anywhere}.case p small{color:var(--soft)}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:1px;background:var(--line)}
.pair.one{grid-template-columns:1fr}
figure{margin:0;position:relative;background:#111}figure img{display:block;width:100%;image-rendering:pixelated}
figure svg,figure img.over{position:absolute;inset:0;width:100%;height:100%}
figure img.over{image-rendering:auto}
h3{font-size:14px;margin:16px 0 6px}td small{color:var(--soft)}
section.alarm{border-color:var(--bad);border-left-width:4px}section.alarm td{text-align:left;white-space:normal;overflow-wrap:anywhere}
figcaption{position:absolute;left:6px;top:4px;font-size:11px;color:#fff;background:#000a;padding:0 6px;border-radius:4px}
.tag{display:inline-block;padding:0 8px;border-radius:9px;font-size:12px;background:#e8eef5;color:var(--ink)}
.tag.bad{background:#fbe5e3;color:var(--bad)}.tag.warn{background:#fdf0dc;color:var(--warn)}
footer{max-width:1180px;margin:0 auto;padding:8px 24px 40px;color:var(--soft);font-size:12px}
@media print{body{background:#fff}button{display:none}section{break-inside:avoid}}
`
