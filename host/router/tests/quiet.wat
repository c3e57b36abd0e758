;; A connector that works and does nothing: every call answers with zeros, which read as an empty success.
(component
  (import "relais:mail/message@0.1.0" (instance $mail (export "message" (type (sub resource)))))
  (alias export $mail "message" (type $message))
  (core module $code
    (memory (export "memory") 1)
    (func (export "open") (result i32) (i32.const 16))
    (func (export "verify") (result i32) (i32.const 16))
    (func (export "close"))
    (func (export "send") (param i32) (result i32) (i32.const 16)))
  (core instance $core (instantiate $code))

  (type $failure (record
    (field "kind" string) (field "code" (option string)) (field "text" string)
    (field "retry-after" (option u32)) (field "details" (list (tuple string string)))))
  (type $refusal (record (field "recipient" string) (field "code" (option string)) (field "text" string)))
  (type $receipt (record
    (field "id" (option string)) (field "text" string) (field "refused" (list $refusal))
    (field "details" (list (tuple string string)))))
  (alias core export $core "memory" (core memory $memory))
  (func $open (result (result (error $failure))) (canon lift (core func $core "open") (memory $memory)))
  (func $verify (result (result (list (tuple string string)) (error $failure)))
    (canon lift (core func $core "verify") (memory $memory)))
  (func $close (canon lift (core func $core "close")))
  (func $send (param "message" (own $message)) (result (result $receipt (error $failure)))
    (canon lift (core func $core "send") (memory $memory)))

  ;; An exported function may only speak of types that are exported with it.
  (component $session
    (type $failure' (record
      (field "kind" string) (field "code" (option string)) (field "text" string)
      (field "retry-after" (option u32)) (field "details" (list (tuple string string)))))
    (import "failure-in" (type $failure (eq $failure')))
    (import "open-in" (func $open (result (result (error $failure)))))
    (import "verify-in" (func $verify (result (result (list (tuple string string)) (error $failure)))))
    (import "close-in" (func $close))
    (export $shown "failure" (type $failure))
    (export "open" (func $open) (func (result (result (error $shown)))))
    (export "verify" (func $verify) (func (result (result (list (tuple string string)) (error $shown)))))
    (export "close" (func $close)))
  (component $sender
    (type $failure' (record
      (field "kind" string) (field "code" (option string)) (field "text" string)
      (field "retry-after" (option u32)) (field "details" (list (tuple string string)))))
    (type $refusal' (record (field "recipient" string) (field "code" (option string)) (field "text" string)))
    (import "message-in" (type $message (sub resource)))
    (import "failure-in" (type $failure (eq $failure')))
    (import "refusal-in" (type $refusal (eq $refusal')))
    (type $receipt' (record
      (field "id" (option string)) (field "text" string) (field "refused" (list $refusal))
      (field "details" (list (tuple string string)))))
    (import "receipt-in" (type $receipt (eq $receipt')))
    (import "send-in" (func $send (param "message" (own $message)) (result (result $receipt (error $failure)))))
    (export $message-out "message" (type $message))
    (export $failure-out "failure" (type $failure))
    (export $refusal-out "refusal" (type $refusal))
    (type $receipt'' (record
      (field "id" (option string)) (field "text" string) (field "refused" (list $refusal-out))
      (field "details" (list (tuple string string)))))
    (export $receipt-out "receipt" (type $receipt''))
    (export "send" (func $send)
      (func (param "message" (own $message-out)) (result (result $receipt-out (error $failure-out))))))
  (instance $session-out (instantiate $session
    (with "failure-in" (type $failure)) (with "open-in" (func $open)) (with "verify-in" (func $verify))
    (with "close-in" (func $close))))
  (instance $sender-out (instantiate $sender
    (with "message-in" (type $message)) (with "failure-in" (type $failure)) (with "refusal-in" (type $refusal))
    (with "receipt-in" (type $receipt)) (with "send-in" (func $send))))
  (export "relais:connector/session@0.1.0" (instance $session-out))
  (export "relais:mail/sender@0.1.0" (instance $sender-out)))
