;; A connector that no compiler writes. `send` grows a table without end; `verify` answers a million pairs of strings that
;; all lie over the same 64 KiB of memory.
(component
  ;; A record that an export uses must have a name. An import gives it one, and the host does not look for types there.
  (import "relais:connector/failures@0.1.0" (instance $failures
    (type $pairs (list (tuple string string)))
    (type $failure' (record
      (field "kind" string)
      (field "code" (option string))
      (field "text" string)
      (field "retry-after" (option u32))
      (field "details" $pairs)))
    (export "failure" (type (eq $failure')))
    (type $refusal' (record
      (field "recipient" string)
      (field "code" (option string))
      (field "text" string)))
    (export "refusal" (type $refusal (eq $refusal')))
    (type $refusals (list $refusal))
    (type $receipt' (record
      (field "id" (option string))
      (field "text" string)
      (field "refused" $refusals)
      (field "details" $pairs)))
    (export "receipt" (type (eq $receipt')))))
  (alias export $failures "failure" (type $failure))
  (alias export $failures "receipt" (type $receipt))
  (import "relais:mail/message@0.1.0" (instance $messages
    (export "message" (type (sub resource)))))
  (alias export $messages "message" (type $message))

  (core module $guest
    (memory (export "memory") 300)
    (table $table 1 funcref)

    ;; Address 0 holds zeros: `ok` without a value.
    (func (export "open") (result i32)
      (i32.const 0))
    (func (export "close"))

    ;; The pairs begin at 64 KiB, 16 bytes each; all four numbers of each are zero or 64 KiB.
    (func (export "verify") (result i32)
      (local $at i32)
      (local.set $at (i32.const 65536))
      (loop $next
        (i32.store offset=4 (local.get $at) (i32.const 65536))
        (i32.store offset=12 (local.get $at) (i32.const 65536))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 16065536))))
      ;; At 16: `ok`, the list's address, its length.
      (i32.store offset=4 (i32.const 16) (i32.const 65536))
      (i32.store offset=8 (i32.const 16) (i32.const 1000000))
      (i32.const 16))

    (func (export "send") (param i32) (result i32)
      (loop $again
        (drop (table.grow $table (ref.null func) (i32.const 1000)))
        (br $again))
      (unreachable)))
  (core instance $core (instantiate $guest))
  (alias core export $core "memory" (core memory $memory))

  (type $findings (list (tuple string string)))
  (type $opened (func (result (result (error $failure)))))
  (type $verified (func (result (result $findings (error $failure)))))
  (type $sent (func (param "message" (own $message)) (result (result $receipt (error $failure)))))
  (func $open (type $opened) (canon lift (core func $core "open") (memory $memory)))
  (func $verify (type $verified) (canon lift (core func $core "verify") (memory $memory)))
  (func $close (canon lift (core func $core "close")))
  (func $send (type $sent) (canon lift (core func $core "send") (memory $memory)))

  (instance $session
    (export "open" (func $open))
    (export "verify" (func $verify))
    (export "close" (func $close)))
  (export "relais:connector/session@0.1.0" (instance $session))
  (instance $sender (export "send" (func $send)))
  (export "relais:mail/sender@0.1.0" (instance $sender)))
