# SPDX-License-Identifier: Apache-2.0
"""The way of a trigger, one module a stage, in this order:

    accept     check the call against broadcast and limits; one trigger row
      └ naming     people named one by one: who is meant, and what is wrong with a line
    resolve    the audience, frozen: a row for each person and action, slices over them
      └ data_file  fetch and read a file of people
    claim      a slice under a lease; settle what a dead holder left open
    compose    person + data + template → message
    send       provider → verdict, noted in the flight record as it happens
    record     outcomes and counters of a chunk in one transaction, the next chunk opened in the same
    doubt      what was handed over without an answer, settled by a person's decision or by late evidence

`worker` runs the stages, `retry` says when the next attempt is, `failpoint` lets a test kill a worker at a
named place. `identify` is the other entrance: what calls about people mean. `review` says what keeps a
broadcast from being activated.
"""
