;; How two strings of Lua are ordered, in place of strcoll. Lua calls that once for every zero byte of a string, so that an
;; instruction that compared two strings of zeros could take four times as long as any other; this one compares the whole
;; strings, eight bytes at a time. scripts/assemble-companion.mjs makes companion-bytes.ts of it; vm-changes.ts puts the body
;; into the VM, whose memory is declared here.
(module
  (memory 1)

  ;; The strings are given by their first bytes. Before these, in the TString: at -12 the type, 4 of a short string, whose
  ;; length is the byte at -9; that of a long one stands at -4. 0 only for the same text.
  (func (export "compare") (param $one i32) (param $other i32) (result i32)
    (local $oneLength i32) (local $otherLength i32) (local $least i32) (local $at i32)
    (local.set $oneLength
      (if (result i32) (i32.eq (i32.load8_u (i32.sub (local.get $one) (i32.const 12))) (i32.const 4))
        (then (i32.load8_u (i32.sub (local.get $one) (i32.const 9))))
        (else (i32.load (i32.sub (local.get $one) (i32.const 4))))))
    (local.set $otherLength
      (if (result i32) (i32.eq (i32.load8_u (i32.sub (local.get $other) (i32.const 12))) (i32.const 4))
        (then (i32.load8_u (i32.sub (local.get $other) (i32.const 9))))
        (else (i32.load (i32.sub (local.get $other) (i32.const 4))))))
    (local.set $least
      (select (local.get $oneLength) (local.get $otherLength)
        (i32.lt_u (local.get $oneLength) (local.get $otherLength))))
    (block $differ
      (loop $words
        (br_if $differ (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (local.get $least)))
        (br_if $differ
          (i64.ne
            (i64.load (i32.add (local.get $one) (local.get $at)))
            (i64.load (i32.add (local.get $other) (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $words)))
    (block $end
      (loop $bytes
        (br_if $end (i32.ge_u (local.get $at) (local.get $least)))
        (if
          (i32.ne
            (i32.load8_u (i32.add (local.get $one) (local.get $at)))
            (i32.load8_u (i32.add (local.get $other) (local.get $at))))
          (then
            (return
              (i32.sub
                (i32.load8_u (i32.add (local.get $one) (local.get $at)))
                (i32.load8_u (i32.add (local.get $other) (local.get $at)))))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $bytes)))
    (i32.sub
      (i32.gt_u (local.get $oneLength) (local.get $otherLength))
      (i32.lt_u (local.get $oneLength) (local.get $otherLength))))
)
