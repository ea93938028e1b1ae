"""An agent on a language model: it is asked, it calls tools, it is asked again, until it answers.

pydantic-ai speaks to the model and keeps the conversation in a form that every provider understands. The loop around
it is our own, since here a call may wait for a person for days and go on in another process.

Pure:      instructions, data (text from outside, fenced), naming, loops, prices, parking
Asking:    models (which client, which key), asking (one request, streamed and counted), faults (why it failed)
Tools:     tools (what a tool is), shell, http_tool, files, mcp, mcp_program, delegates; toolbox has those of one run
Together:  calls (the calls of one turn: permitted, recorded, made, masked), conversation (turn after turn), luggage
           (the files of a run that waits)
"""
