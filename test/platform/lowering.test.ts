// Lowered code must compute what native code does: a table of programs is run both ways and what they log is compared.
import { parseSync } from "oxc-parser";
import { transformSync } from "oxc-transform";
import { describe, expect, it } from "vitest";
import usingContext from "../../src/engines/typescript/using-context.ts";
import { type Lowered, lower } from "../../src/platform/lowering.ts";
import { decodeMappings } from "../../src/platform/mappings.ts";
import { factsOf } from "../../src/platform/syntax-tree.ts";
import type { SourceMap } from "../../src/platform/woven-text.ts";
import { runModule, siteTables, turn } from "../support/native-driver.ts";

const URL = "file:///app/module.ts";

/** Bodies of `async (log, later, fail) => { … }`, by what they are about. */
const programs: Record<string, string> = {
  "nested awaits": "log(await later(await later(1) + await later(await later(2))));",
  "await of a value, an object with then, and in all kinds of expressions": `
    const o = { f: async (x) => ({ g: (y) => x + y }), n: null, k: 'z' };
    log(await 1, await { then: (go) => go(2) }, \`\${await later('a')}b\${await later('c')}\`);
    log((await o.f(1)).g(await later(2)), o?.f?.(await later(3)) instanceof Promise || 'task', o.n?.x(await fail('never')));
    log((await later(0)) ? await fail() : await later('no'), await later(0) || await later('or'), await later(0) && await fail());
    let a = null; a ??= await later('set'); a ??= await fail(); a += await later('!'); log(a);
    const { p = await later('default'), [await later('q')]: q } = { q: 4 }; log(p, q);
    log([...await later([1, 2]), await later(3)], { ...await later({ x: 1 }), [await later('y')]: 2 });
    log(typeof await later(1), -(await later(2)), !await later(0), (await later(2)) ** 2, void await later(1), (await later(1), 5));
    log(new (await later(Map))([[1, 2]]).size, await (await later(async () => 7))(), (await later((s) => s.raw[0]))\`tag\`);
    log(await later(1) in { 1: 1 }, await later([]) instanceof Array, (await later({ d: 1 })).d++);
    let i = 1; i += await (i = 5, later(1)); log(i);`,
  "try, catch and finally": `
    async function f(how) {
      try { log('try'); if (how === 1) await fail('one'); if (how === 2) return await later('two'); if (how === 3) throw new Error('three'); log('end'); }
      catch (e) { log('caught', e.message); await later(); if (how === 3) throw new Error('four'); return 'from catch'; }
      finally { log('finally'); await later(); if (how === 5) return 'over'; }
      return 'last';
    }
    for (const how of [0, 1, 2, 3, 5]) log(await f(how).catch((e) => 'rejected ' + e.message));
    try { try { await fail('x'); } finally { await fail('y'); } } catch (e) { log(e.message); }
    try { await fail('no binding'); } catch { log('caught'); }`,
  "return of a promise does not wait in the function": `
    const f = async () => { try { return fail('late'); } catch { return 'caught'; } };
    log(await f().catch((e) => e.message));`,
  "returns out of loops, labels": `
    async function f() { for (const x of [1, 2, 3]) { for (;;) { await later(); if (x === 2) return x; break; } } }
    log(await f());
    outer: for (let i = 0; i < 4; i++) { inner: for (let j = 0; ; j++) { await later(); if (j === 2) continue outer; if (i === 2) break outer; log(i, j); if (j > 5) break inner; } }
    block: { await later(); if (await later(1)) break block; log('never'); }
    let n = 0; do { n++; if (n === 2) continue; await later(); } while (n < 4); log(n);
    do n--; while (n > 0); log(n); while (n < 3) n++; log(n); for (const k in { a: 1, b: 2 }) log(k, await later(k));
    for (let i = 0, j = await later(2); i < j; i += await later(1)) log(i);`,
  "closures get their own loop variable": `
    const fs = []; for (let i = 0; i < 3; i++) { await later(); fs.push(async () => i); } for (const x of [7, 8]) fs.push(async () => x);
    for (const { y } of [{ y: 1 }, { y: 2 }]) { const z = await later(y); fs.push(async function () { return y + z; }); }
    log(...await Promise.all(fs.map((f) => f())));`,
  "for await over async and sync iterables": `
    const source = (n, log) => ({ [Symbol.asyncIterator]() { let i = 0; return { async next() { log('next', i); return { value: i, done: i++ >= n }; }, async return() { log('return'); return {}; } }; } });
    for await (const x of source(2, log)) log(x);
    for await (const x of source(5, log)) { if (x === 1) break; log(x); }
    outer: for (const a of [1, 2]) for await (const x of source(5, log)) { if (x === 1) continue outer; log(a, x); }
    const f = async () => { for await (const x of source(5, log)) { await later(); return x; } }; log(await f());
    try { for await (const x of source(5, log)) throw new Error('body'); } catch (e) { log(e.message); }
    for await (const x of [1, later(2), 3]) log(x);
    for await (const [a, { b = await later('d') }] of [[1, {}], later([2, { b: 3 }])]) log(a, b);
    let o = {}; for await (o.x of [later(1)]) log(o.x); for await ([o.y, o.z = 9] of [[1]]) log(o); for await (var v of [1]); log(v);
    a: b: for await (const x of [1, 2, 3]) { if (x === 1) continue a; if (x === 2) continue b; log(x); break b; }
    for await (const x of [1, 2]) { const x = 'inner'; log(x); }
    if (true) for await (const x of [1]) log(x); else log('no');
    const fs = []; for await (const x of [1, 2]) fs.push(async () => x); log(await Promise.all(fs.map((f) => f())));`,
  "for await closes as the language says": `
    const make = (over) => ({ [Symbol.asyncIterator]() { return { next: async () => ({ value: 1, done: false }), ...over }; } });
    const run = async (name, over, body) => { try { for await (const x of make(over)) { if (body === 'break') break; throw new Error('body'); } log(name, 'ok'); } catch (e) { log(name, e.constructor.name, e.message); } };
    for (const body of ['break', 'throw']) {
      await run('rejects', { return: () => fail('closing') }, body);
      await run('throws', { return() { throw new Error('closing'); } }, body);
      await run('no object', { return: async () => 1 }, body);
      await run('none', {}, body); await run('null', { return: null }, body);
      await run('next rejects', { next: () => fail('next'), return() { log('must not'); } }, body);
      await run('next throws', { next() { throw new Error('next'); }, return() { log('must not'); } }, body);
      await run('done throws', { next: async () => ({ get done() { throw new Error('done'); } }), return() { log('must not'); } }, body);
      await run('value throws', { next: async () => ({ get value() { throw new Error('value'); } }), return() { log('must not'); } }, body);
    }
    try { for await (const { x: { y } } of make({ return: async () => (log('closed'), {}) })) log('never'); } catch (e) { log(e.constructor.name); }
    for (const bad of [1, {}, null, undefined]) try { for await (const x of bad); } catch (e) { log(e.constructor.name); }
    try { for await (const x of make({ next: async () => 3 })); } catch (e) { log(e.constructor.name, e.message); }
    const sync = { [Symbol.iterator]() { return { next: () => ({ value: later(1), done: false }), return() { log('sync closed'); return {}; } }; } };
    for await (const x of sync) { log(x); break; }`,
  "async generators": `
    async function* g(a, b = a) { log('start'); try { const got = yield a; log('got', got); yield later(b); for await (const x of [1, 2]) yield x; return later('end'); } finally { log('finally'); await later(); } }
    for await (const x of g(1, 2)) log(x);
    for await (const x of g(1)) { log(x); break; }
    const i = g(1); log(await i.next('ignored'), await i.next('sent'), await i.return(later('r')), await i.next(), await i.return(2));
    const t = g(1); log(await t.next()); log(await t.throw(new Error('in')).catch((e) => e.message), await t.next());
    const n = g(1); log(await n.throw(new Error('before')).catch((e) => e.message), await n.next(), await n.return(fail('rejected')).catch((e) => e.message));
    log(await g(1).return(later(5)), i[Symbol.asyncIterator]() === i, Object.prototype.toString.call(i), String(i[Symbol.toStringTag]));
    log(await i.throw(new Error('after the end')).catch((e) => e.message));`,
  "async generators queue requests": `
    async function* g() { log('run'); yield 1; log('between'); yield 2; throw new Error('broken'); }
    const i = g(); log(await Promise.allSettled([i.next(), i.next(), i.next(), i.next(), i.return(9)]));
    const j = g(); log(await Promise.all([j.next(), j.return('x'), j.next()]));
    let self; async function* h() { self.next().then((r) => log('inner', r)); yield 1; yield 2; } self = h(); log(await self.next()); log(await self.next());`,
  "async generators: return and throw meet try": `
    async function* g() { for (;;) try { yield 1; } catch (e) { log('caught', e.message); yield 'handled'; } finally { log('finally'); } }
    const i = g(); log(await i.next(), await i.throw(new Error('a')), await i.next(), await i.return(3), await i.next());
    async function* h() { try { yield 1; } finally { yield 'from finally'; log('on'); } }
    const j = h(); log(await j.next(), await j.return(4), await j.next(), await j.next());
    async function* k() { try { yield 1; } catch (e) { log('caught', e.message); return 'x'; } }
    const l = k(); log(await l.next(), await l.return(fail('rejected')), await l.next());
    async function* m() { try { return await fail('r'); } catch (e) { log(e.message); } try { return fail('s'); } catch (e) { log('too', e.message); } yield fail('yielded'); }
    log(await m().next().catch((e) => e.message));
    async function* o() { try { yield 1; } finally { return 'over'; } } const p = o(); log(await p.next(), await p.return(1));`,
  "yield* in async generators": `
    async function* inner() { try { log('sent', yield 1); yield later(2); return 'result'; } finally { log('inner finally'); } }
    async function* outer() { log('result', yield* inner()); log('array', yield* [later(3), 4]); yield 5; }
    for await (const x of outer()) log(x);
    for await (const x of outer()) { log(x); break; }
    const i = outer(); log(await i.next(), await i.next('hello'), await i.return('r'), await i.next());
    const t = outer(); log(await t.next()); log(await t.throw(new Error('t')).catch((e) => e.message), await t.next());
    async function* bare() { yield* { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: later('promise'), done: false }) }) }; }
    const b = bare(); const { value, done } = await b.next(); log(await value, done, await b.return('no return method'), await b.next());
    const c = bare(); await c.next(); log(await c.throw(new Error('x')).catch((e) => e.constructor.name));
    async function* stubborn() { yield* { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }), return: async (v) => ({ value: 'kept ' + v, done: false }), throw: async (e) => ({ value: 'thrown ' + e, done: true }) }) }; yield 'after'; }
    const s = stubborn(); log(await s.next(), await s.return(1), await s.next(), await s.throw('e'), await s.next());
    async function* wrong() { yield* 5; } log(await wrong().next().catch((e) => e.constructor.name));
   `,
  "using and await using": `
    const res = (n) => ({ async [Symbol.asyncDispose]() { await later(); log('dispose', n); }, [Symbol.dispose]() { log('sync', n); } });
    const f = async (how) => { await using a = res(1); using b = res(2); { await using c = res(3); if (how) throw new Error('thrown'); } await later(); return 'done'; };
    log(await f(false)); log(await f(true).catch((e) => e.message));
    for (const x of [1]) { using q = res('loop'); await later(); } for await (using q of [res('head')]) log('in');`,
  "methods and super": `
    class A { async m(x) { return 'A.m ' + x + this.n; } get v() { return this.n; } set v(x) { log('set', x); this.n = x; } static async s() { return 'A.s ' + this.name; } async *g(x) { yield 'A.g ' + x + this.n; } at(a, b) { return [this.n, a, b]; } }
    class B extends A {
      n = 1; #p = 5; static #q = 6; f = async () => this.n + this.#p; static h = async () => this.name; ['comp' + 1] = async () => this.n
      async m(x) { await later(); super.v = 3; super.v += await later(4); log(super.v, super['v']++); return [await super.m(x), await super['m']?.(await later(2)), super.none?.(1), super.at\`t\`[0]]; }
      async arrow() { return (async (y) => { await later(); return (() => super.m(y + arguments.length))(); })('in arrow'); }
      async #private(a) { await later(); return this.#p + a; } async callPrivate() { return this.#private(await later(1)); }
      async *g(x) { yield* super.g(x); yield super.v; yield* this.#pg(); } async *#pg() { yield this.#p; } static async s() { return await super.s() + B.#q; }
      async [await later('key')]() { return 'computed'; } static async [\`s\${1}\`]() { return 's1'; } async 'quoted name'() { return arguments.length; } async get() { return 'get'; } static async static() { return 'static'; } async async() { return 'async'; }
      async destructured({ a }, ...rest) { [super.v, this.w] = [await later(a), rest]; return this.w; } async parameter(a = super.at(1, 2), b = arguments.length) { return [a, b]; }
      async has(o) { return #p in o; }
    }
    const b = new B(); log(await b.m('x'), await b.arrow(), await b.callPrivate(), await b.f(), await B.h(), await b.comp1());
    for await (const x of b.g(1)) log(x); log(await B.s(), await b.key(), await B.s1(), await b['quoted name'](1, 2), await b.get(), await B.static(), await b.async());
    log(await b.destructured({ a: 1 }, 2, 3), await b.parameter(), await b.parameter(1), await b.has(b), await b.has({}));
    log(await b.destructured(null).catch((e) => e.constructor.name), await B.prototype.callPrivate.call({}).catch((e) => e.constructor.name));
    const o = { __proto__: { async m() { return 'proto ' + this.k; } }, k: 1, async m() { return await super.m() + '!'; }, async ['c' + 1]() { return 'c1'; }, async *g() { yield this.k; }, arrow: async () => 'arrow', async async() { return 1; } };
    log(await o.m(), await o.c1(), (await o.g().next()).value, await o.arrow(), await o.async());
    log(Object.getOwnPropertyNames(B.prototype), b.m.name, b.f.name, B.prototype.destructured.length);`,
  "classes, switches and operators that wait":
    `
    class A extends (await later(class { base() { return 'base'; } })) { [await later('k')]() { return 'k'; } static [await later('s')] = 5; x = (() => typeof this)(); async [await later('m')](a = this.x) { return a + super.base(); } }
    log(new A().k(), A.s, await new A().m(), new A().x);
    switch (await later(2)) { case await later(1): log('one'); case await later(2): log('two'); case 3: await later(); log('three'); break; default: log('never'); }
    const o = { a: 1, b: 2 }; log(delete (await later(o)).a, o, (await later(o)).b **= 2, [...\`\${await later('xy')}\`]);
    try { throw await later(new Error('thrown')); } catch ({ message = await fail() }) { log(message); }
    const { length = await later(1), ...rest } = await later({ a: 1 }); log(length, rest); for (const x of await later([1, 2])) log(x);
    await later(), log('sequence'); (await later(log))('call'); log(await later` +
    "`x`" +
    `?.length ?? 'none', !(await later(1)), (await later(1)) ? 1 : 2);`,
  "super() in async arrows": `
    class A { constructor(x) { this.x = x; } who() { return 'A' + this.x; } }
    class B extends A { constructor() { const go = async (v) => { super(v); return this.x + super.who() + (await (async () => this.x)()); }; const p = go(4); this.p = p; const late = async () => { await later(); return this; }; this.q = late(); } who() { return 'B'; } }
    const b = new B(); log(await b.p, (await b.q) === b);
    class C extends A { constructor() { const early = async () => this; const e = early().catch((e) => e.constructor.name); super(1); this.e = e; } } log(await new C().e);`,
  "lexical this, arguments and new.target": `
    function f() { return (async () => { await later(); return [this, arguments[0], new.target === f, (() => arguments.length)(), await (async () => arguments[1])(), { arguments }.arguments.length]; })(); }
    log(await f.call('self', 1, 2)); log(await new f(3));
    async function g(a) { a = 9; await later(); return [arguments[0], arguments.length, await (async () => [this, arguments[0]])(), new.target]; } log(await g.call(7, 1, 2));
    const h = async function () { return function () { return arguments.length; }(1, 2, 3); }; log(await h());
    const o = { async m() { return [1].map(() => this === o)[0]; } }; log(await o.m());
    async function d(a, b = arguments.length, c = () => arguments[0]) { return [a, b, c()]; } log(await d(1), await d(1, 2));
    async function* ag() { yield arguments.length; yield this; } for await (const x of ag.call('t', 1, 2, 3)) log(x);`,
  "parameters that throw reject": `
    const boom = () => { throw new Error('boom'); };
    async function f(a = boom()) {} const g = async ({ a }) => a; const h = async ([a] = 5, ...rest) => a; const o = { async m(x = boom()) {} }; async function* k({ a }) {}
    for (const call of [() => f(), () => g(), () => g(null), () => h(), () => o.m()]) { let p; try { p = call(); } catch { log('thrown!'); continue; } log(await p.catch((e) => e.constructor.name)); }
    try { k(); log('not thrown'); } catch (e) { log('generators throw', e.constructor.name); }
    log(await f(1), await g({ a: 2 }), await h([3]), await (async (a, b = a, { c = b } = {}, ...d) => [a, b, c, d])(1, undefined, undefined, 4, 5));
    const t = async (a, b = () => a) => { var a = 2; await later(); return [a, b()]; }; log(await t(1));
    async function w(x = async () => x2, x2 = 3) { return x(); } log(await w());`,
  "names and lengths": `
    const a = async () => {}, b = async function () {}, c = async function own(x) {}; let d; d = async (x, y = 1, z) => {}; const { e = async (...r) => {} } = {}; const [f = async function* ({ q }, [r]) {}] = [];
    async function g(a, b) {} async function* h(a, b = 1) {} const o = { async m(a) {}, p: async (a) => {}, async *[Symbol.iterator]() {}, ['x' + 1]: async () => {}, 'y z': async () => {} };
    const paren = (async () => {}); o.assigned = async () => {}; d ??= 1; let l; l ??= async () => {};
    log(...[a, b, c, d, e, f, g, h, o.m, o.p, o[Symbol.iterator], o.x1, o['y z'], paren, o.assigned, l].map((f) => f.name + '/' + f.length));
    log((async () => {}).name, (async () => (async () => {}))().name);`,
  "recursion, shadowed names and names of our own": `
    const fact = async function fact(n) { return n < 2 ? 1 : n * await fact(n - 1); }; log(await fact(5));
    async function even(n) { return n === 0 || odd(n - 1); } async function odd(n) { return n !== 0 && even(n - 1); } log(await even(7), await even(8));
    const x = 1; { const x = 2; const f = async () => x; log(await f()); { async function inner() { return x + 1; } log(await inner()); } }
    const $b_start = 'mine', f$b = 'too'; async function f(start) { return [start, $b_start, f$b]; } log(await f(1));
    log(await ((x) => async () => x)(3)(), await [1, 2].map((x) => async (y) => x + y)[1](10), await ((x = async () => x2, x2 = 7) => x())());
    async function twice() { async function inner() { return 1; } { async function inner() { return 2; } log(await inner()); } return inner(); } log(await twice());
    switch (1) { case 1: const s = 5; async function inSwitch() { return s; } log(await inSwitch(), await (async () => s)()); }
    const K = class Inner { async m() { return Inner.name; } static async s() { return typeof Inner; } }; log(await new K().m(), await K.s());
    log(early()); async function early() { return 'hoisted'; } log(await early());
    try { throw 4; } catch (e) { log(await (async () => e)()); } for (const z of [1]) log(await (async () => z)());
    const async = 5, of = [async]; log(async, { async }, of); const as = (async) => async; log(as(3));`,
  "non-ASCII sources": `
    const grüße = async (ñ) => \`😀 \${await later(ñ)} ü\`; /* 😀😀 */ const süß = { async "🎉"() { return await grüße('é'); } }; log(await süß['🎉'](), grüße.name);`,
  "directives, comments, and statements without semicolons": `
    async function f() { "use strict"; "other"; await later(1) /* c */ ; return this }
    log(await f())
    let x = 1
    await later(2)
    x = 5
    await later(3) + 1
    const o = { f: async () => 1 }
    async () => 1
    const g = async /* a */ ( /* b */ a /* c */ , // d
      b /* e */ , ) /* f */ => // g
      a + b // h
    log(await g(1, 2), x)
    const h = async a => // c
      a
    log(await h(1)); class S { a = 1
      async [(log('key'), 'k')]() { return this.a }
      static async /* x */ * /* y */ g /* z */ () { yield 1 } }
    log(await new S().k(), (await S.g().next()).value)`,
  "functions in all kinds of places": `
    const r = await Promise.all([1, 2, 3].map(async (x) => x * await later(2))); log(r);
    log(await (async () => { await later(); return 1; })(), await (async function () { return this; }).call(3), await async function () { return 4; }());
    const nest = async () => async () => async (a) => a; log(await (await (await nest())())(5));
    class F { static { F.p = (async () => { await later(); return this === F; })(); } static q = (async () => this === F)(); } log(await F.p, await F.q);
    const key = { async a() { return 1; } }; log(await key.a()); const sum = async (...xs) => xs.reduce((a, b) => a + b, 0); log(await sum(1, 2, 3));
    log(await (function* () { const x = yield (async () => 1)(); })().next().value, new (class { constructor() { this.p = (async () => this.z)(); this.z = 1; } })().z);
    const getter = { get x() { return (async () => this.y)(); }, y: 3 }; log(await getter.x); label: { await later(); break label; }
    if (true) await later(); else await later(); if (false) await fail(); else await later(); log(await later(1) ? 'y' : 'n');
    for await (const x of (async function* () { yield 1; })()) await later(x); throw await later(new Error('end'));`,
  channels: `
    const queue = { items: [1, 2], async receive(...a) { return this.items.shift() ?? a.length; } }; const holder = { q: queue, receive: { receive: async () => 'deep' } };
    log(await queue.receive(), await holder.q.receive(), await queue.receive(), await holder.receive.receive(), await queue.receive(1), await queue?.receive());
    class Q extends Object.assign(class {}, {}) { async receive() { return 'Q'; } } class R extends Q { async receive() { return await super.receive() + 'R'; } } log(await new R().receive());
    const no = { receive() { throw new Error('sync'); } }; try { await no.receive(); } catch (e) { log(e.message); } try { await undefined.receive(); } catch (e) { log(e.constructor.name); }
    log((await queue.receive()) + (await queue.receive()), await (queue.receive()), await ({ async receive() { return (await queue.receive()) + 1; } }).receive());`,
};

const KIT = `
  const later = (value) => new Promise((resolve) => setTimeout(resolve, 0, value));
  const fail = (text) => new Promise((_, reject) => setTimeout(() => reject(new Error(text)), 0));`;

/** What a compiled module logs, and how it ends. */
async function trace(code: string): Promise<unknown[]> {
  const lines: unknown[] = [];
  const { default: main } = await runModule(code);
  // What is logged later may change what is logged now.
  const log = (...values: unknown[]) => lines.push(values.map((value) => structuredCloneOrText(value)));
  await main(log).then(
    (value: unknown) => lines.push(["returned", value]),
    (error: Error) => lines.push(["rejected", error.message]),
  );
  return lines;
}

function structuredCloneOrText(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return String(value);
  }
}

function compile(source: string): { code: string; map: any } {
  const { code, map, errors } = transformSync("module.ts", source, {
    lang: "ts",
    sourceType: "module",
    target: "es2022",
    sourcemap: true,
  });
  if (errors.length > 0) throw new Error(errors[0]?.codeframe ?? "");
  return { code: code.replace(/import (\w+) from "@oxc-project[^"]*";/, "const $1 = globalThis.usingContext;"), map };
}

Object.assign(globalThis, { usingContext });

describe("lowered code computes what native code does [S16.54]", () => {
  it.each(Object.entries(programs))("%s", async (_, body) => {
    const plain = `${KIT}\nexport default async (log) => {${body}\n};`;
    const usesUsing = /\busing\b/.test(body);
    const { code, map } = compile(plain);
    const native = await trace(usesUsing ? code : plain);
    expect(native.length).toBeGreaterThan(1);
    const lowered = lower(code, URL, map)?.code ?? "";
    expect(factsOf(parseSync("module.js", lowered).program).hasAsync).toBe(false);
    expect(await trace(lowered)).toEqual(native);
    // Without a compiler before it, which would have set semicolons and parentheses.
    if (!usesUsing) expect(await trace(lower(plain, URL)?.code ?? "")).toEqual(native);
  });
});

/** The place in the author's file where the first frame of a stack trace that stands in a text is. */
function placeOf(text: string, lowered: { code: string; map: SourceMap }): string {
  const before = lowered.code.slice(0, lowered.code.indexOf(text)).split("\n");
  const column = (before.at(-1) as string).length;
  const mapping = decodeMappings(lowered.map.mappings)[before.length - 1]?.findLast((one) => one.column <= column);
  return `${(mapping?.source?.line ?? -1) + 1}:${(mapping?.source?.column ?? -1) + 1}`;
}

describe("source maps", () => {
  const source = `interface A { a: 1 }

const ä = "😀"; export const f = async (a: A, b?: string): Promise<void> => {
  for (const x of [1] as const) { await g(a); throw new Error("ü"); }
};
export async function g({ a }: A) { const inner = async () => { await h(); }; await inner(); }
class C { static async m(): Promise<void> { for await (const x of y) await f({ a: x }); } }
declare const y: AsyncIterable<1>; const h = async () => {}; void C;
`;
  const { code, map } = compile(source);
  const lowered = lower(code, URL, map) as Lowered;
  const authorsPlace = (text: string) => {
    const lines = source.slice(0, source.indexOf(text)).split("\n");
    return `${lines.length}:${(lines.at(-1) as string).length + 1}`;
  };

  it("lead from lowered code to the author's line and column, also where it has moved", () => {
    expect(lowered.map.sources).toEqual([URL]);
    for (const text of ['new Error("ü")', "g(a)", "h()", "inner()", "f({ a: x })"]) {
      expect([text, placeOf(text, lowered)]).toEqual([text, authorsPlace(text)]);
    }
  });

  it("are there for plain JavaScript, too", () => {
    const plain = 'const ä = "😀";\nconst f = async () => {\n  await g(1); throw new Error("x");\n};';
    expect(placeOf('new Error("x")', lower(plain, URL) as Lowered)).toBe("3:21");
  });

  it("give the author's name of a function to the generator", () => {
    expect(lowered.map.names).toEqual(expect.arrayContaining(["f", "g", "inner", "m"]));
  });

  it("have a table of awaits beside them: function, line and column", async () => {
    await runModule(lowered.code);
    expect(siteTables.at(-1)?.url).toBe(URL);
    const places = { "f:": "await g(a)", "inner:": "await h()", "g:": "await inner()", "C.m:": "await f({ a" };
    const expected = Object.entries(places).map(([name, text]) => name + authorsPlace(text));
    expected.push(`C.m:${authorsPlace("for await")}`);
    expect(siteTables.at(-1)?.sites.toSorted()).toEqual(expected.toSorted());
  });
});

describe("a lowered module", () => {
  const text = (source: string) => lower(source, URL)?.code ?? null;

  it("is left alone without async functions, or when it is no JavaScript", () => {
    expect(text("const async = 1; await async; for await (const x of []) ;")).toBeNull();
    expect(text("async function f( {")).toBeNull();
  });

  it("imports what it uses, in its first line, behind a hashbang", () => {
    expect(text("#!/usr/bin/env node\nexport const f = async () => 1;")).toBe(
      '#!/usr/bin/env node\nimport { start as $b_start } from "beamish:lowered-code"; ' +
        "function* f$b() { return (1); } export const f = () => $b_start(f$b());",
    );
    expect(text("const $b_x = async () => 1;")).toContain("start as $b1_start");
  });

  it("exports what it did", async () => {
    const module = await runModule(
      text(`export default async function () { return 1; } export async function a() { return 2; }
        export const b = async () => 3; async function c() { return 4; } export { c, c as "d e" };`) ?? "",
    );
    expect([module.default.name, module.a.name, module.b.name]).toEqual(["default", "a", "b"]);
    const { default: main, a, b, c } = module;
    expect([await main(), await a(), await b(), await c(), await module["d e"]()]).toEqual([1, 2, 3, 4, 4]);
    expect((await runModule(text("export default async () => 5;") ?? "")).default.name).toBe("default");
    expect(await (await runModule(text("export default async function f() { return f.name; }") ?? "")).default()).toBe(
      "f",
    );
  });

  it("keeps its own top-level await", async () => {
    expect((await runModule(text("const f = async (x) => x; export const y = await f(3);") ?? "")).y).toBe(3);
  });

  it("has generators at the start of the block, unless they would see other names there", () => {
    expect(text("defineProcess({ async run(p, x) { await x; } })")).toMatch(/; function\* run\$b\(p, x\)/);
    expect(text("f((x) => async () => x)")).toContain("f((x) => () => $b_start((function* $b1() { return (x); })()))");
    expect(text("class A { #x; async m() { return this.#x; } }")).toContain("m() { return $b_start((function* m$b()");
    expect(text("const f = async function own() { return own; };")).toContain("(function* own$b()");
    expect(text("for (const x of y) z(async () => x);")).toContain("z(() => $b_start((function*");
  });

  it("asks in loops whether to give the turn back, unless they wait anyway", () => {
    const asks = (body: string) => text(`async function f() { ${body} }`)?.includes("yield $b_PAUSE") ?? false;
    for (const body of [
      "for (;;) g();",
      "while (x) { if (y) await z; }",
      "do { if (a) continue; await b; } while (c)",
      "for (const x of y) { const z = x && await w; }",
      "for (const x in y) { try { await z; } catch {} }",
      "for (const x of y) { f(async () => await z); }",
      "while (x) a ??= await b;",
    ])
      expect([body, asks(body)]).toEqual([body, true]);
    for (const body of [
      "for (;;) { g(); await h(); }",
      "while (x) { const y = (await z).w; if (y) continue; }",
      "do await x(); while (y)",
      "for await (const x of y) { g(); }",
      "const g = () => { for (;;) ; };",
    ])
      expect([body, asks(body)]).toEqual([body, false]);
  });

  it("lets such a loop pause", async () => {
    const { f } = await runModule(text("export async function f() { let n = 0; while (n < 10) n++; return n; }") ?? "");
    turn.left = 3;
    expect(await f()).toBe(10);
    expect(turn.left).toBe(-7);
    turn.left = Number.POSITIVE_INFINITY;
  });
});
