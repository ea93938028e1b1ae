"""What becomes of the occurrences of a job: decided, foreseen and explained. Pure: time and state are arguments.

timetable   when a job's occurrences are, when they take effect, and which of them are left out
agenda      when its timer must wake, and what came due since its gate's cursor
catchup     which of the overdue occurrences still fire, by the job's policy for missed ones
lanes       which occurrences share a bound on how many run, and whether there is room
rulings     what was asked, what was known, and what was decided: the types
obstacles   what is in the way of an occurrence
prompts     the prompt of a firing, rendered
capacity    how much a gate holds
course      the gate as one ruling follows another: the state machine
arrivals    what becomes of an occurrence that arrives, by what runs already
gathering   deliveries that come together, as one
turns       whose turn it is of those that wait
bodies      what has to be read back of what is too large for a message
overdue     what came due by schedule, as steps that rule on it
backfills   the occurrences of a past range
decisions   all of it together: `decide`

forecast      what is to come, and what of it is left out
leaps         until when something is left out, so that a long absence is one look
explanations  why a job fired or did not, or will or will not, in plain sentences; made of
inquiry       what is known where somebody asks
accounts      what became of a recorded occurrence
silences      why nothing is recorded of an instant
outlook       what is next, and what may come into its way
clock_words   instants and spans as people say them
"""
