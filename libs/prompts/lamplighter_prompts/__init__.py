"""A job's prompt as a template: what it may name, and what it becomes. Pure; rendered exactly once, by minijinja.

errors       PromptError: what is wrong with a prompt, in one sentence
vocabulary   the names, filters, tests and limits that a prompt may use
facts        what a rendering is told: the job, the occurrence, the payload, the result before
tags         a source as text and tags, and each tag as tokens
surroundings what a token is by the tokens around it
signs        the brackets and signs that an expression may have
expressions  the names that it may have, and which it mentions
statements   what `{% ... %}` may be: if, for, set
taint        which names hold data from outside
zones        the time zones that a filter may be given
filters      what stands after `|`
notation     a value as JSON, as much of it as is ever shown
readings     what the engine sees of a payload: fields and elements, and no method or attribute of Python
labels       data from outside, fenced; and a prompt without it
printing     what each `{{ }}` prints, and how much all of them may
program      a source checked, written anew for the engine, and compiled
rendering    check_prompt, names_used, render_prompt, with_payload

What a prompt may hold
    {{ expression }}   {% if %} {% elif %} {% else %} {% endif %}   {% for x in ... %} {% else %} {% endfor %}
    {% set name = ... %}   {% raw %} {% endraw %}   {# a comment #}   `-` inside a tag trims the blanks outside
    An expression is made of names, `.field`, `[index]`, `[from:to]`, constants, comparisons, `in`, `and or not`,
    `a if b else c`, `|` with a filter, `is` with a test, and, inside `{{ }}`, `~`. It calls nothing, counts
    nothing, and builds no lists or objects (`in` may have a list of constants): what builds values is what fills
    the memory, and a text needs none of it.

How data from outside stays labelled
    `payload` is whatever someone sent; `previous.result` is what an agent wrote, perhaps after reading such a
    payload. Inside the engine both are ordinary values, so that `{% if payload.action == "opened" %}` and every
    filter work. The label does not ride on the value, where some operation might lose it: it belongs to the tag.
    Before a prompt is compiled, each tag is cut into tokens. A name is of outside when it is `payload` or
    `previous.result`, or is bound, anywhere in the prompt, by a `set` or `for` whose expression mentions such a
    name. What a `{{ }}` that mentions one prints is data, all of it, whichever filters, operators or constants it
    went through. What could hide a value from this is refused: macros, calls, inclusion, blocks that capture
    text, names that shadow. And the engine gets no source but the one written anew from those tokens, so that it
    cannot read a tag otherwise than the check did.

    Data is printed as JSON, in which a text cannot write its own end: quotes, line ends and control characters
    are escaped. `<`, `>`, `&`, their look-alikes and whatever is not printable (ANSI, bidirectional marks,
    invisible characters) are written `\\uXXXX` too. So data can close no label and open none, can start no line,
    and cannot be there unseen:

        <data name="payload.ref">"refs/heads/main"</data>

    An object or a list stands on a line of its own:

        <data name="payload">
        {"action": "opened", "number": 7}
        </data>

    `name` is the expression as it is written. Of one value 16 KiB are shown at most, with a mark where it was cut;
    an empty text prints nothing. A condition on a payload chooses between texts of the prompt's author, and can do
    no more. A prompt that does not mention the payload at all has it after its end, as `{{ payload }}` prints it.
"""

from .errors import PromptError
from .facts import Facts, Previous
from .labels import without_data
from .rendering import LARGEST_PROMPT, check_prompt, names_used, render_prompt, with_payload

__all__ = [
    "LARGEST_PROMPT",
    "Facts",
    "Previous",
    "PromptError",
    "check_prompt",
    "names_used",
    "render_prompt",
    "with_payload",
    "without_data",
]
